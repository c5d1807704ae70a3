// What happened, as things that happen: the power was lost, the battery is low, the inverter fell silent. States tell
// how it is now; events tell that it came to be so, each of them once. Pure.

#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "inverter/outages.h"
#include "inverter/reading.h"

namespace aims {

enum class EventType {
  kPowerLost,
  kPowerRestored,
  kBatteryLow,
  kBatteryOk,
  kUpsFailed,
  kUpsOk,
  kOverload,  // the load is above 100 %; again only after it was at 95 % or less
  kConnectionLost,
  kConnectionRestored,
  kShutdownAdvised,
  kShutdownWithdrawn,
  kBatteryProblem,
};

// As they are told, in the order of EventType. Home Assistant shows them as they are.
inline constexpr auto kEventTypes = std::to_array<std::string_view>(
    {"Power lost", "Power restored", "Battery low", "Battery OK", "UPS failed", "UPS OK", "Overload", "Connection lost",
     "Connection restored", "Shutdown advised", "Shutdown withdrawn", "Battery problem"});
static_assert(kEventTypes.size() == static_cast<size_t>(EventType::kBatteryProblem) + 1);

constexpr std::string_view Name(EventType type) { return kEventTypes[static_cast<size_t>(type)]; }

// One event of one inverter, to be told at least once: the id tells a repeat.
struct PowerEvent {
  std::string inverter;  // its id
  EventType type{};
  std::string id;
  WallTime time;  // when it happened
  // The same by the clock that does not jump; nothing where that was in an earlier run.
  std::optional<std::chrono::steady_clock::time_point> moment{};
  // V at the input, in a failure that was over before the next poll.
  std::optional<double> fault_voltage{};
  std::optional<Cause> cause{};  // of the outage that began or ended

  bool operator==(const PowerEvent&) const = default;
};

// True when more than 30 s lie between the event and now: by the clock that does not jump, which counts from the
// system's start, where it can tell; else by the time of day, which must not have gone back. What happened before the
// system started is late in any case: a host without a clock chip starts with the time of its end.
bool IsLate(const PowerEvent& event, WallTime now, std::chrono::steady_clock::time_point moment);

// Finds power failures that came and went between two polls, by what they leave behind: the input fault voltage. Many
// units repeat the input there, or a constant: neither of them is taken for a failure.
class BriefOutages {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // V at the input of a failure that is over; nothing where there was none. `nominal`: V of the utility, or nothing
  // while that is not known.
  std::optional<double> Read(const Reading& reading, std::optional<double> nominal, Time now);

  // The inverter no longer answers: what it says of the time until it does again is old.
  void Silent() { before_.reset(); }

 private:
  std::optional<Reading> before_;  // on mains
  Time steady_since_{};
};

// Follows what the wire says of one inverter, except the power, which outages.h follows. What it knew before a
// silence it still knows after it.
class PowerEvents {
 public:
  // What happened between the last good reading and this one. The first of all is held against an inverter in good
  // order: a battery that is low at the start is told.
  std::vector<EventType> Read(const Reading& reading);

  // The inverter no longer answers; true where it did before.
  bool Silent() { return last_ && !std::exchange(is_silent_, true); }
  // It answers; true where it did not before.
  bool Back() { return std::exchange(is_silent_, false); }

 private:
  std::optional<Reading> last_;
  bool is_silent_ = false;
  bool is_overloaded_ = false;
};

}  // namespace aims
