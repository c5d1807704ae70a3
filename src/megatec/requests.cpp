#include "megatec/requests.h"

#include <fmt/format.h>

#include <algorithm>

#include "megatec/q1.h"

namespace aims::megatec {
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

std::string RequestFor(Command command, const ShutdownDelays& delays) {
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

bool IsRefusal(std::string_view answer, std::string_view request) {
  const auto reply = ParseReply(answer, request);
  return !reply && (reply.error() == Refusal::kEcho || reply.error() == Refusal::kNak) &&
         answer.find("ACK") == std::string_view::npos;
}

}  // namespace aims::megatec
