// What is known of one inverter at one moment: the newest reading while there is one to believe, and what follows from
// all that was read. Everything that is told to anybody is written from a snapshot.

#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "inverter/nut_client.h"
#include "inverter/outages.h"
#include "inverter/reading.h"
#include "inverter/shutdown_advisor.h"

namespace aims {

// In a word; a worse one goes before a better one.
enum class Status { kOnline, kOnBattery, kSelfTest, kBatteryLow, kFault };
inline constexpr std::array<std::string_view, 5> kStatuses{"Online", "On battery", "Self-test", "Battery low", "Fault"};
constexpr std::string_view Name(Status status) { return kStatuses[static_cast<size_t>(status)]; }

// A count that never falls.
struct Total {
  double value = 0;

  bool operator==(const Total&) const = default;
};

// Where a value lies in four of five cases.
struct Spread {
  double least = 0;
  double most = 0;

  bool operator==(const Spread&) const = default;
};

struct Snapshot {
  std::optional<Reading> reading{};  // empty: nothing read yet, or too long ago to be shown as live
  bool connected = false;            // the inverter answers

  // What follows; it is known also while the inverter is silent, but for the status and the load. Numbers are rounded.
  std::optional<Status> status{};
  std::optional<bool> utility_power{};         // off in an outage alone (supply.h); nothing without a reading
  std::optional<WallTime> on_battery_since{};  // of the outage that goes on
  bool in_outage = false;                      // as far as was seen; never in a test, or in battery-priority mode
  bool is_testing = false;                     // on battery in a test, also of a unit that does not say so
  std::optional<Cause> outage_cause{};         // of the outage that goes on
  bool is_mains_present = false;           // in an outage: the input shows a utility that the inverter does not take
  bool may_switch_off = false;             // in an outage: the battery is plainly at its end
  bool may_have_battery_priority = false;  // outages look as if the owner should know of that option
  std::optional<WallTime> last_outage{};   // when the last one that is over began
  std::optional<double> last_outage_duration{};  // s
  Total outages{};                               // ever
  std::optional<Outage> last_outage_record{};
  std::optional<double> battery_charge{};         // %
  std::optional<Spread> battery_charge_range{};   // %; also where it is too wide for a charge to be told
  std::optional<double> battery_runtime{};        // s
  std::optional<Spread> battery_runtime_range{};  // s, likewise
  std::optional<double> battery_health{};         // %
  std::optional<double> load_power{};             // W
  Total energy_on_battery{};                      // kWh
  Total energy_total{};                           // kWh
  bool battery_problem = false;
  bool shutdown_advised = false;
  std::vector<ShutdownAdvisor::Reason> shutdown_reasons{};
  bool safe_to_start = false;
  std::optional<std::vector<NutClient>> nut_clients{};  // nothing: there is no NUT server

  bool operator==(const Snapshot&) const = default;
};

}  // namespace aims
