#include "inverter/command.h"

#include "base/names.h"

namespace aims {

std::optional<Command> CommandOf(std::string_view word) { return FromName<Command>(kCommands, word); }

bool IsAllowed(Command command, const Permissions& permissions) {
  switch (command) {
    case Command::kBeeperOn:
    case Command::kBeeperOff:
      return permissions.beeper;
    case Command::kRehearse:
      return permissions.rehearsal;
    default:
      return permissions.megatec;
  }
}

bool IsSo(Command command, const Reading& reading) {
  return (command == Command::kBeeperOn && reading.beeper) || (command == Command::kBeeperOff && !reading.beeper);
}

bool Confirms(Command command, const Reading& before, const Reading& after) {
  // The shutdown flag comes with every outage, so it tells nothing where the utility came or went.
  const bool is_steady = before.on_battery == after.on_battery;
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
