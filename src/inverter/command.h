// Commands: what may be asked of an inverter besides its status, by which words over MQTT, in which bytes on the wire,
// and how the next reading tells that it was done. Pure. Nothing here is sent unless the owner allowed it in the
// options.
//
// Words and bytes are Megatec's (protocol text v2.7). Of an AIMS only Q is documented; its relatives know the rest.

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

// The command of that word, of which no letter may differ.
std::optional<Command> CommandOf(std::string_view word);

// What the owner allows; without it nothing but questions is ever sent.
struct Allowed {
  bool control = false;          // the beeper
  bool megatec_control = false;  // tests and shutdown, as Megatec's own units know them
  bool rehearsal = false;

  bool operator==(const Allowed&) const = default;
};

bool IsAllowed(Command command, const Allowed& allowed);
inline bool IsAnything(const Allowed& allowed) { return allowed != Allowed(); }

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

// The bytes of `command`: "Q\r", "S.5R0003\r". Times are rounded up to what the protocol can say: tenths of a minute
// below one minute, else minutes. Of kRehearse there are none.
std::string Request(Command command, const ShutdownDelays& delays);

// True where `reading` says that what is asked for is so already. The beeper's command turns it over, so it must not be
// sent then.
bool IsSo(Command command, const Reading& reading);

// True for an answer that says no: an echo, as Megatec's text has it, or one of the NAKs seen in the field. Whoever
// obeys says nothing, or ACK.
bool IsRefusal(std::string_view answer, std::string_view request);

// True where the reading `after` the command shows what the one `before` did not. False means: sent, not confirmed.
bool Confirms(Command command, const Reading& before, const Reading& after);

}  // namespace aims
