// Commands: what may be asked of an inverter besides its status, by which words over MQTT, and how the next reading
// tells that it was done. Nothing here is sent unless the owner allowed it in the options. In bytes:
// megatec/requests.h. Pure.

#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "inverter/reading.h"

namespace aims {

enum class Command {
  kBeeperOn,
  kBeeperOff,
  kSelfTest,
  kSelfTestUntilLow,
  kCancelTest,
  kShutdownRestore,
  kCancelShutdown,
  kRehearse,  // plays an outage on a second device; nothing of it reaches the inverter
};

// As they are said on the command topic, in the order of Command.
inline constexpr auto kCommands =
    std::to_array<std::string_view>({"beeper_on", "beeper_off", "self_test", "self_test_until_low", "cancel_test",
                                     "shutdown_restore", "cancel_shutdown", "rehearse"});
static_assert(kCommands.size() == static_cast<size_t>(Command::kRehearse) + 1);

constexpr std::string_view Name(Command command) { return kCommands[static_cast<size_t>(command)]; }

// The command of exactly that word.
std::optional<Command> CommandOf(std::string_view word);

// A test, which takes the load to the battery.
constexpr bool IsTest(Command command) {
  return command == Command::kSelfTest || command == Command::kSelfTestUntilLow;
}

// What the owner allows; without it nothing but questions is ever sent.
struct Permissions {
  bool beeper = false;   // to turn it on and off
  bool megatec = false;  // tests and shutdown, as Megatec's own units know them
  bool rehearsal = false;

  bool operator==(const Permissions&) const = default;
};

bool IsAllowed(Command command, const Permissions& permissions);
inline bool IsAnything(const Permissions& permissions) { return permissions != Permissions(); }

// Of shutdown_restore.
struct ShutdownDelays {
  // What the protocol can say; what lies outside is brought inside.
  static constexpr std::chrono::seconds kLeastOff{12};
  static constexpr std::chrono::seconds kMostOff{600};
  static constexpr std::chrono::seconds kLeastBack{180};
  static constexpr std::chrono::seconds kMostBack = std::chrono::minutes(9999);

  std::chrono::seconds off{60};    // until the output goes off
  std::chrono::seconds back{180};  // until it comes back, if the utility is there
};

// True where `reading` says that what is asked for is so already. The beeper's command turns it over, so it must not be
// sent then.
bool IsSo(Command command, const Reading& reading);

// True where the reading `after` the command shows what the one `before` did not. False means: sent, not confirmed.
bool Confirms(Command command, const Reading& before, const Reading& after);

}  // namespace aims
