#include "inverter/power_events.h"

#include <cmath>
#include <utility>

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr auto kLateAfter = 30s;
constexpr double kOverload = 100;         // %
constexpr double kOverloadIsOver = 95.0;  // %

// Of the nominal voltage: what differs by less from the input repeats it, and what differs by less from nominal is no
// failure.
constexpr double kAlike = 0.05;
constexpr double kFit = 0.15;
constexpr auto kSettled = 30s;  // after an outage, which leaves its voltage behind as well

struct Turn {
  Flag flag;
  EventType set;
  EventType cleared;
};
constexpr Turn kTurns[] = {
    {&Reading::battery_low, EventType::kBatteryLow, EventType::kBatteryOk},
    {&Reading::ups_failed, EventType::kUpsFailed, EventType::kUpsOk},
};

}  // namespace

bool IsLate(const PowerEvent& event, WallTime now, std::chrono::steady_clock::time_point moment) {
  if (event.moment) return moment - *event.moment > kLateAfter;
  const WallTime booted = now - std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch());
  return now < event.time || now - event.time > kLateAfter || event.time < booted;
}

std::optional<double> BriefOutages::Read(const Reading& reading, std::optional<double> nominal, Time now) {
  if (reading.on_battery || !reading.utility_voltage) {
    before_.reset();
    return {};
  }
  if (!before_) steady_since_ = now;
  const std::optional<Reading> before = std::exchange(before_, reading);
  const std::optional<double> fault = reading.utility_fault_voltage;
  const bool can_tell = before && before->utility_fault_voltage && fault && nominal && now - steady_since_ >= kSettled;
  if (!can_tell || *fault == *before->utility_fault_voltage) return {};
  const auto differs = [&](double volts, double by) { return std::abs(*fault - volts) > by * *nominal; };
  const bool is_repeated = !differs(*reading.utility_voltage, kAlike) || !differs(*before->utility_voltage, kAlike);
  if (is_repeated || !differs(*nominal, kFit)) return {};
  return fault;
}

std::vector<EventType> PowerEvents::Read(const Reading& reading) {
  std::vector<EventType> events;
  const Reading before = last_.value_or(Reading{});
  for (const Turn& turn : kTurns) {
    const bool is_set = reading.*turn.flag;
    if (before.*turn.flag != is_set) events.push_back(is_set ? turn.set : turn.cleared);
  }
  if (reading.load && *reading.load > kOverload && !std::exchange(is_overloaded_, true)) {
    events.push_back(EventType::kOverload);
  }
  if (reading.load && *reading.load <= kOverloadIsOver) is_overloaded_ = false;
  last_ = reading;
  return events;
}

}  // namespace aims
