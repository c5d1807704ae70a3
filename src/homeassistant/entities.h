// The entities of an inverter: one row each, from which both the discovery and the state document are written. To add
// an entity is to add a row. Names, classes and units are Home Assistant's; the kind of source decides the component: a
// number, a total, a time or a status is a sensor, a flag a binary sensor, what happens an event, a command a button;
// and a flag that commands can turn is a switch where the owner allows them.

#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <variant>

#include "inverter/command.h"
#include "inverter/snapshot.h"

namespace aims {

// What the wire says, beside its flags (Flag).
using Number = double Reading::*;
using MaybeNumber = std::optional<double> Reading::*;
// What we know by ourselves.
using OwnFlag = bool Snapshot::*;
using OwnNumber = std::optional<double> Snapshot::*;
using OwnTotal = Total Snapshot::*;
using OwnTime = std::optional<WallTime> Snapshot::*;
using OwnStatus = std::optional<Status> Snapshot::*;
struct EventSource {};  // power_events.h; not part of the state
// What can be asked for.
struct Switch {
  Flag flag;
  Command on;
  Command off;
};
struct Button {  // not part of the state
  Command command;
};
using Source = std::variant<Number, MaybeNumber, Flag, OwnFlag, OwnNumber, OwnTotal, OwnTime, OwnStatus, EventSource,
                            Switch, Button>;

enum class Category { kPrimary, kDiagnostic, kConfig };
enum class Fitted { kEverywhere, kNotOnPicoglf };

struct Entity {
  std::string_view key;           // in the state document; unique_id and entity id end in it
  std::string_view name;          // sentence case, without the device's name: Home Assistant puts that in front
  std::string_view device_class;  // empty: none
  std::string_view unit;          // empty: none
  std::string_view icon;          // empty: that of the device class
  int decimals;                   // as the wire has them; of numbers only
  Category category;
  Fitted fitted;
  Source source;
  std::string_view attributes = {};  // the key of the state document that holds them
};

namespace entity_rows {
using enum Category;
using enum Fitted;

// clang-format off
inline constexpr std::array kEntities{
    Entity{"battery_low", "Battery status", "battery", "", "", 0, kPrimary, kEverywhere, &Reading::battery_low},
    Entity{"battery_voltage", "Battery voltage", "voltage", "V", "", 1, kPrimary, kEverywhere, &Reading::battery_voltage},
    Entity{"utility_power", "Utility power", "power", "", "", 0, kPrimary, kEverywhere, &Reading::utility_power},
    Entity{"utility_voltage", "Utility voltage", "voltage", "V", "", 1, kPrimary, kEverywhere, &Reading::utility_voltage},
    Entity{"utility_fault_voltage", "Utility fault voltage", "voltage", "V", "", 1, kDiagnostic, kEverywhere, &Reading::utility_fault_voltage},
    Entity{"load", "Load", "", "%", "mdi:percent-box-outline", 0, kPrimary, kEverywhere, &Reading::load},
    Entity{"output_voltage", "Output voltage", "voltage", "V", "", 1, kPrimary, kEverywhere, &Reading::output_voltage},
    Entity{"output_frequency", "Output frequency", "frequency", "Hz", "", 1, kDiagnostic, kEverywhere, &Reading::output_frequency},
    Entity{"temperature", "Temperature", "temperature", "°C", "", 1, kDiagnostic, kNotOnPicoglf, &Reading::temperature},
    Entity{"ups_failed", "UPS failed", "problem", "", "", 0, kDiagnostic, kEverywhere, &Reading::ups_failed},
    Entity{"self_test", "Self-test", "running", "", "", 0, kDiagnostic, kEverywhere, &Reading::self_test},
    Entity{"shutdown_flag", "Shutdown flag", "", "", "mdi:flag-outline", 0, kDiagnostic, kEverywhere, &Reading::shutdown_flag},
    Entity{"beeper", "Beeper", "", "", "mdi:volume-high", 0, kDiagnostic, kEverywhere, Switch{&Reading::beeper, Command::kBeeperOn, Command::kBeeperOff}},
    Entity{"line_interactive", "Line-interactive mode", "", "", "mdi:sine-wave", 0, kDiagnostic, kEverywhere, &Reading::line_interactive},
    Entity{"avr_active", "AVR active", "running", "", "", 0, kDiagnostic, kNotOnPicoglf, &Reading::avr_active},
    Entity{"connection", "Connection", "connectivity", "", "", 0, kDiagnostic, kEverywhere, &Snapshot::connected},
    Entity{"status", "Status", "enum", "", "mdi:power-plug-battery-outline", 0, kPrimary, kEverywhere, &Snapshot::status},
    Entity{"battery_charge", "Battery charge", "battery", "%", "", 0, kPrimary, kEverywhere, &Snapshot::battery_charge, "battery_charge_range"},
    Entity{"battery_runtime", "Battery runtime", "duration", "s", "", 0, kPrimary, kEverywhere, &Snapshot::battery_runtime, "battery_runtime_range"},
    Entity{"battery_health", "Battery health", "", "%", "mdi:battery-heart-variant", 0, kDiagnostic, kEverywhere, &Snapshot::battery_health},
    Entity{"battery_problem", "Battery problem", "problem", "", "", 0, kPrimary, kEverywhere, &Snapshot::battery_problem},
    Entity{"load_power", "Load power", "power", "W", "", 0, kPrimary, kEverywhere, &Snapshot::load_power},
    Entity{"energy_on_battery", "Energy on battery", "energy", "kWh", "", 2, kPrimary, kEverywhere, &Snapshot::energy_on_battery},
    Entity{"energy_total", "Energy total", "energy", "kWh", "", 2, kPrimary, kEverywhere, &Snapshot::energy_total},
    Entity{"on_battery_since", "On battery since", "timestamp", "", "", 0, kPrimary, kEverywhere, &Snapshot::on_battery_since},
    Entity{"last_outage", "Last outage", "timestamp", "", "", 0, kPrimary, kEverywhere, &Snapshot::last_outage, "last_outage_record"},
    Entity{"last_outage_duration", "Last outage duration", "duration", "s", "", 0, kPrimary, kEverywhere, &Snapshot::last_outage_duration},
    Entity{"outages", "Outages", "", "", "mdi:transmission-tower-off", 0, kPrimary, kEverywhere, &Snapshot::outages},
    Entity{"shutdown_advised", "Shutdown advised", "", "", "mdi:power-plug-off-outline", 0, kPrimary, kEverywhere, &Snapshot::shutdown_advised, "shutdown_reasons"},
    Entity{"safe_to_start", "Safe to start", "", "", "mdi:power-plug-outline", 0, kPrimary, kEverywhere, &Snapshot::safe_to_start},
    Entity{"power_event", "Power event", "", "", "mdi:transmission-tower", 0, kPrimary, kEverywhere, EventSource{}},
    Entity{"run_self_test", "Self-test", "", "", "mdi:battery-check", 0, kConfig, kEverywhere, Button{Command::kSelfTest}},
    Entity{"self_test_until_low", "Test until low", "", "", "mdi:battery-arrow-down", 0, kConfig, kEverywhere, Button{Command::kSelfTestUntilLow}},
    Entity{"cancel_test", "Cancel test", "", "", "mdi:battery-remove", 0, kConfig, kEverywhere, Button{Command::kCancelTest}},
    Entity{"shutdown_restore", "Shut down and restore", "", "", "mdi:power-cycle", 0, kConfig, kEverywhere, Button{Command::kShutdownRestore}},
    Entity{"cancel_shutdown", "Cancel shutdown", "", "", "mdi:power-plug", 0, kConfig, kEverywhere, Button{Command::kCancelShutdown}},
    Entity{"rehearse", "Rehearse outage", "", "", "mdi:drama-masks", 0, kConfig, kEverywhere, Button{Command::kRehearse}},
};
// clang-format on
}  // namespace entity_rows

using entity_rows::kEntities;

// What an entity shows; monostate: unknown.
using Value = std::variant<std::monostate, bool, double, WallTime, Status>;

// The value of `entity` in `snapshot`.
Value ValueOf(const Entity& entity, const Snapshot& snapshot);

template <typename... Kinds>
constexpr bool IsOneOf(const Source& source) {
  return (std::holds_alternative<Kinds>(source) || ...);
}

// True for what has a value in the state document.
constexpr bool HasState(const Entity& entity) { return !IsOneOf<EventSource, Button>(entity.source); }

// What it is to Home Assistant; empty: nothing, for the owner does not allow it.
std::string_view Platform(const Entity& entity, const Permissions& permissions);

// What is read from the wire is known only while the inverter answers,
constexpr bool IsFromWire(const Entity& entity) { return IsOneOf<Number, MaybeNumber, Flag, Switch>(entity.source); }

// and what is sent there can be asked for only then.
constexpr bool NeedsLink(const Entity& entity) {
  const Button* button = std::get_if<Button>(&entity.source);
  return IsFromWire(entity) || (button && button->command != Command::kRehearse);
}

}  // namespace aims
