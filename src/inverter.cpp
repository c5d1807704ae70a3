#include "inverter.h"

#include <algorithm>

#include "entities.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr Inverter::Duration kReportIntervalOnBattery = 2s;
constexpr Inverter::Duration kLongestPause = 60s;

// Polls are a little early or late: one that comes this much too soon for its turn is taken, not the next one.
constexpr Inverter::Duration kMostSlack = 100ms;

struct Changes {
  bool status = false;       // a flag changed, or a value became known or unknown
  bool measurement = false;  // a number changed
};

Changes Between(const Snapshot& before, const Snapshot& after) {
  Changes changes;
  for (const Entity& entity : kEntities) {
    const Value was = ValueOf(entity, before);
    const Value is = ValueOf(entity, after);
    if (was == is) continue;
    const bool both_numbers = std::holds_alternative<double>(was) && std::holds_alternative<double>(is);
    (both_numbers ? changes.measurement : changes.status) = true;
  }
  return changes;
}

}  // namespace

Due Inverter::Read(const Reading& reading, Time now) {
  const bool is_back = !snapshot_.connected;
  was_read_ = true;
  misses_ = 0;
  snapshot_.reading = reading;
  snapshot_.connected = true;
  auto events = events_.Read(reading);
  if (!is_back) return {StateIfDue(now), std::move(events)};
  Told(now);
  return {Tell::kOnline, std::move(events)};
}

Due Inverter::Missed(Time now) {
  misses_ = std::min(misses_ + 1, kMissesUntilSilent);
  if (misses_ < kMissesUntilSilent) return {StateIfDue(now), {}};
  return Silence(now);
}

Due Inverter::Gone(Time now) {
  misses_ = kMissesUntilSilent;
  return Silence(now);
}

void Inverter::Told(Time now) {
  told_ = snapshot_;
  told_at_ = now;
}

Due Inverter::Silence(Time now) {
  if (!snapshot_.connected) return {StateIfDue(now), {}};
  snapshot_.connected = false;
  snapshot_.reading.reset();
  Told(now);
  return {Tell::kOffline, events_.Silent()};
}

Tell Inverter::StateIfDue(Time now) {
  if (!was_read_) return Tell::kNothing;
  const bool on_battery = snapshot_.reading && !snapshot_.reading->utility_power;
  const Duration pace = on_battery ? std::min(kReportIntervalOnBattery, report_interval_) : report_interval_;
  const Changes changes = Between(told_, snapshot_);
  const Duration since = now - told_at_ + std::min(kMostSlack, poll_interval_ / 2);
  const bool is_last_chance = since + poll_interval_ > kLongestPause;
  if (!changes.status && !(changes.measurement && since >= pace) && !is_last_chance) return Tell::kNothing;
  Told(now);
  return Tell::kState;
}

}  // namespace aims
