#include "mqtt/report_pace.h"

#include <algorithm>
#include <tuple>

#include "homeassistant/entities.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr ReportPace::Duration kReportIntervalOnBattery = 2s;
constexpr ReportPace::Duration kLongestPause = 60s;

// Polls are a little early or late: one that comes this much too soon for its turn is taken, not the next one.
constexpr ReportPace::Duration kMostSlack = 100ms;

struct Difference {
  bool status = false;       // a flag changed, or a value of the wire became known or unknown
  bool measurement = false;  // a number changed
};

Difference Between(const Snapshot& before, const Snapshot& after) {
  Difference changes;
  for (const Entity& entity : kEntities) {
    const Value was = ValueOf(entity, before);
    const Value is = ValueOf(entity, after);
    if (was == is) continue;
    const bool both_numbers = std::holds_alternative<double>(was) && std::holds_alternative<double>(is);
    (both_numbers || IsOneOf<OwnNumber>(entity.source) ? changes.measurement : changes.status) = true;
  }
  if (before.nut_clients != after.nut_clients) changes.status = true;  // also another one instead
  const auto running = [](const Snapshot& s) {
    return std::tuple(s.outage_cause, s.is_mains_present, s.may_switch_off);
  };
  if (running(before) != running(after)) changes.status = true;
  return changes;
}

}  // namespace

bool ReportPace::IsDue(const Snapshot& snapshot, Time now) const {
  const bool on_battery = snapshot.reading && snapshot.reading->on_battery;
  const Duration pace = on_battery ? std::min(kReportIntervalOnBattery, report_interval_) : report_interval_;
  const Difference changes = Between(told_, snapshot);
  const Duration since = now - told_at_ + std::min(kMostSlack, poll_interval_ / 2);
  const bool is_last_chance = since + poll_interval_ > kLongestPause;
  return changes.status || (changes.measurement && since >= pace) || is_last_chance;
}

void ReportPace::OnTold(const Snapshot& snapshot, Time now) {
  told_ = snapshot;
  told_at_ = now;
}

}  // namespace aims
