#include "page/forecast.h"

#include <algorithm>

namespace aims::page {
namespace {

std::vector<std::string_view> MissingOf(const BatteryOptions& battery) {
  std::vector<std::string_view> missing;
  if (!battery.rated_power) missing.push_back("inverters[].rated_power");
  if (!battery.type) missing.push_back("batteries[].type");
  if (!battery.nominal_voltage) missing.push_back("batteries[].nominal_voltage");
  if (!battery.capacity) missing.push_back("batteries[].capacity");
  return missing;
}

// The first of the owner's conditions that time alone brings about. The voltage's cannot be foretold.
std::optional<double> UntilAdvised(const Snapshot& snapshot, const ShutdownOptions& shutdown, WallTime now) {
  const bool is_on_purpose = snapshot.reading && IsDischarging(*snapshot.reading) && !snapshot.in_outage;
  if (snapshot.shutdown_advised || is_on_purpose) return {};
  std::optional<double> first;
  const auto consider = [&](double seconds) {
    const double with_delay = std::max(seconds, 0.0) + InSeconds(shutdown.delay);
    first = std::min(first.value_or(with_delay), with_delay);
  };
  if (snapshot.battery_runtime) {
    const double runtime = *snapshot.battery_runtime;
    const double least = snapshot.battery_runtime_range ? snapshot.battery_runtime_range->least : runtime;
    if (shutdown.runtime.count() > 0) consider(least - InSeconds(shutdown.runtime));
    const double charge = snapshot.battery_charge.value_or(0);
    if (shutdown.charge > 0 && charge > 0) consider(runtime * (1 - shutdown.charge / charge));
  }
  if (shutdown.after) {
    const auto since = snapshot.on_battery_since.value_or(now);
    consider(InSeconds(*shutdown.after) - InSeconds(std::max(now - since, std::chrono::milliseconds(0))));
  }
  return first;
}

}  // namespace

Forecast ForecastOf(const Snapshot& snapshot, const InverterOptions& options, WallTime now) {
  return {snapshot.battery_runtime, snapshot.battery_runtime_range, UntilAdvised(snapshot, options.shutdown, now),
          MissingOf(options.battery)};
}

}  // namespace aims::page
