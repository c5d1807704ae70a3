#include "power_events.h"

#include <utility>

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr auto kLateAfter = 30s;
constexpr double kOverload = 100;         // %
constexpr double kOverloadIsOver = 95.0;  // %

struct Turn {
  bool Reading::*flag;
  EventType set;
  EventType cleared;
};
constexpr std::array kTurns{
    Turn{&Reading::battery_low, EventType::kBatteryLow, EventType::kBatteryOk},
    Turn{&Reading::ups_failed, EventType::kUpsFailed, EventType::kUpsOk},
};

}  // namespace

bool IsLate(const PowerEvent& event, WallTime now, std::chrono::steady_clock::time_point moment) {
  if (event.moment) return moment - *event.moment > kLateAfter;
  const WallTime booted = now - std::chrono::floor<std::chrono::milliseconds>(moment.time_since_epoch());
  return now < event.time || now - event.time > kLateAfter || event.time < booted;
}

std::vector<EventType> PowerEvents::Read(const Reading& reading) {
  std::vector<EventType> events;
  if (std::exchange(is_silent_, false)) events.push_back(EventType::kConnectionRestored);
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

std::vector<EventType> PowerEvents::Silent() {
  if (!last_ || std::exchange(is_silent_, true)) return {};
  return {EventType::kConnectionLost};
}

}  // namespace aims
