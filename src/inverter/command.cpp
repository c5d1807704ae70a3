#include "inverter/command.h"

#include <fmt/format.h>

#include <algorithm>

#include "megatec/q1.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using Delays = ShutdownDelays;

int64_t RoundedUp(std::chrono::seconds time, std::chrono::seconds step) { return (time + step - 1s) / step; }

// ".2" to ".9" and "01" to "10", in minutes.
std::string InMinutes(std::chrono::seconds delay) {
  const int64_t tenths = RoundedUp(delay, 6s);
  return tenths < 10 ? fmt::format(".{}", tenths) : fmt::format("{:02}", RoundedUp(delay, 1min));
}

}  // namespace

std::optional<Command> CommandOf(std::string_view word) {
  const auto found = std::find(kCommands.begin(), kCommands.end(), word);
  if (found == kCommands.end()) return {};
  return static_cast<Command>(found - kCommands.begin());
}

bool IsAllowed(Command command, const Allowed& allowed) {
  switch (command) {
    case Command::kBeeperOn:
    case Command::kBeeperOff:
      return allowed.control;
    case Command::kRehearse:
      return allowed.rehearsal;
    default:
      return allowed.megatec_control;
  }
}

std::string Request(Command command, const ShutdownDelays& delays) {
  switch (command) {
    case Command::kBeeperOn:
    case Command::kBeeperOff:
      return "Q\r";
    case Command::kSelfTest:
      return "T\r";
    case Command::kSelfTestUntilLow:
      return "TL\r";
    case Command::kCancelTest:
      return "CT\r";
    case Command::kShutdownRestore:
      return fmt::format("S{}R{:04}\r", InMinutes(std::clamp(delays.off, Delays::kLeastOff, Delays::kMostOff)),
                         RoundedUp(std::clamp(delays.back, Delays::kLeastBack, Delays::kMostBack), 1min));
    case Command::kCancelShutdown:
      return "C\r";
    case Command::kRehearse:
      return "";
  }
  return "";
}

bool IsSo(Command command, const Reading& reading) {
  return (command == Command::kBeeperOn && reading.beeper) || (command == Command::kBeeperOff && !reading.beeper);
}

bool IsRefusal(std::string_view answer, std::string_view request) {
  const auto reply = megatec::ParseReply(answer, request);
  return !reply && (reply.error() == megatec::Refusal::kEcho || reply.error() == megatec::Refusal::kNak) &&
         answer.find("ACK") == std::string_view::npos;
}

bool Confirms(Command command, const Reading& before, const Reading& after) {
  // The shutdown flag comes with every outage, so it tells nothing where the utility came or went.
  const bool is_steady = before.utility_power == after.utility_power;
  switch (command) {
    case Command::kBeeperOn:
      return after.beeper;
    case Command::kBeeperOff:
      return !after.beeper;
    case Command::kSelfTest:
    case Command::kSelfTestUntilLow:
      return !before.self_test && after.self_test;
    case Command::kCancelTest:
      return before.self_test && !after.self_test;
    case Command::kShutdownRestore:
      return is_steady && !before.shutdown_flag && after.shutdown_flag;
    case Command::kCancelShutdown:
      return is_steady && before.shutdown_flag && !after.shutdown_flag;
    case Command::kRehearse:
      return false;
  }
  return false;
}

}  // namespace aims
