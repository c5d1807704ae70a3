// The entities of an inverter: one row each, from which both the discovery and the state document are written. To add
// an entity is to add a row. Names, classes and units are Home Assistant's; the kind of source decides the component: a
// number, a total, a time or a status is a sensor, a flag a binary sensor, what happens an event, a command a button;
// and a flag that commands can turn is a switch where the owner allows them.

#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <variant>

#include "inverter/device.h"
#include "inverter/snapshot.h"

namespace aims {

// What the wire says, beside its flags (Flag).
using Number = double Reading::*;
using MaybeNumber = std::optional<double> Reading::*;
// What we know by ourselves.
using OwnFlag = bool Snapshot::*;
using OwnWireFlag = std::optional<bool> Snapshot::*;  // what we make of the wire's flags, and know as long as them
using OwnNumber = std::optional<double> Snapshot::*;
using OwnTotal = Total Snapshot::*;
using OwnTime = std::optional<WallTime> Snapshot::*;
using OwnStatus = std::optional<Status> Snapshot::*;
using OwnClients = std::optional<std::vector<NutClient>> Snapshot::*;  // how many; a number that is told at once
struct EventSource {};                                                 // power_events.h; not part of the state
// What can be asked for.
struct Switch {
  Flag flag;
  Command on;
  Command off;
};
struct Button {  // not part of the state
  Command command;
};
using Source = std::variant<Number, MaybeNumber, Flag, OwnFlag, OwnWireFlag, OwnNumber, OwnTotal, OwnTime, OwnStatus,
                            OwnClients, EventSource, Switch, Button>;

enum class Category { kPrimary, kDiagnostic, kConfig };
// What few owners read is there, and disabled until they enable it.
enum class Enabled { kYes, kNotOnPicoglf, kNo };
// What the options must describe, or turn on; without it the entity would be empty for ever.
enum class Needs { kNothing, kPower, kBattery, kNut };

struct Entity {
  std::string_view key;           // in the state document; unique_id and entity id end in it
  std::string_view name;          // sentence case, without the device's name: Home Assistant puts that in front
  std::string_view device_class;  // empty: none
  std::string_view unit;          // empty: none
  std::string_view icon;          // empty: that of the device class
  int decimals;                   // as the wire has them; of numbers only. A duration is in s in the state document
  Category category;
  Enabled enabled;
  Needs needs;
  Source source;
  std::string_view attributes = {};  // a Jinja expression over the state document, `value_json`; empty: none
};

namespace entity_rows {
using enum Category;
using enum Enabled;
using enum Needs;

// clang-format off
inline constexpr std::array kEntities{
    Entity{"battery_low", "Battery status", "battery", "", "", 0, kPrimary, kYes, kNothing, &Reading::battery_low},
    Entity{"battery_voltage", "Battery voltage", "voltage", "V", "", 1, kPrimary, kYes, kNothing, &Reading::battery_voltage},
    Entity{"utility_power", "Utility power", "power", "", "", 0, kPrimary, kYes, kNothing, &Snapshot::utility_power},
    Entity{"utility_voltage", "Utility voltage", "voltage", "V", "", 1, kPrimary, kYes, kNothing, &Reading::utility_voltage},
    Entity{"utility_fault_voltage", "Utility fault voltage", "voltage", "V", "", 1, kDiagnostic, kYes, kNothing, &Reading::utility_fault_voltage},
    Entity{"load", "Load", "", "%", "mdi:percent-box-outline", 0, kPrimary, kYes, kNothing, &Reading::load},
    Entity{"output_voltage", "Output voltage", "voltage", "V", "", 1, kPrimary, kYes, kNothing, &Reading::output_voltage},
    Entity{"output_frequency", "Output frequency", "frequency", "Hz", "", 1, kDiagnostic, kYes, kNothing, &Reading::output_frequency},
    Entity{"temperature", "Temperature", "temperature", "°C", "", 1, kDiagnostic, kNotOnPicoglf, kNothing, &Reading::temperature},
    Entity{"ups_failed", "UPS failed", "problem", "", "", 0, kDiagnostic, kYes, kNothing, &Reading::ups_failed},
    Entity{"self_test", "Self-test", "running", "", "", 0, kDiagnostic, kYes, kNothing, &Reading::self_test},
    Entity{"shutdown_flag", "Shutdown flag", "", "", "mdi:flag-outline", 0, kDiagnostic, kNo, kNothing, &Reading::shutdown_flag},
    Entity{"beeper", "Beeper", "", "", "mdi:volume-high", 0, kDiagnostic, kYes, kNothing, Switch{&Reading::beeper, Command::kBeeperOn, Command::kBeeperOff}},
    Entity{"line_interactive", "Line-interactive mode", "", "", "mdi:sine-wave", 0, kDiagnostic, kNo, kNothing, &Reading::line_interactive},
    Entity{"avr_active", "AVR active", "running", "", "", 0, kDiagnostic, kNotOnPicoglf, kNothing, &Reading::avr_active},
    Entity{"connection", "Connection", "connectivity", "", "", 0, kDiagnostic, kYes, kNothing, &Snapshot::connected},
    Entity{"status", "Status", "enum", "", "mdi:power-plug-battery-outline", 0, kPrimary, kYes, kNothing, &Snapshot::status, "dict(value_json.running_outage or {}, on_battery_since=value_json.on_battery_since)"},
    Entity{"battery_charge", "Battery charge", "battery", "%", "", 0, kPrimary, kYes, kBattery, &Snapshot::battery_charge, "value_json.battery_charge_range or {}"},
    Entity{"battery_runtime", "Battery runtime", "duration", "h", "", 0, kPrimary, kYes, kBattery, &Snapshot::battery_runtime, "value_json.battery_runtime_range or {}"},
    Entity{"battery_health", "Battery health", "", "%", "mdi:battery-heart-variant", 0, kDiagnostic, kYes, kBattery, &Snapshot::battery_health},
    Entity{"battery_problem", "Battery problem", "problem", "", "", 0, kPrimary, kYes, kNothing, &Snapshot::battery_problem},
    Entity{"load_power", "Load power", "power", "W", "", 0, kPrimary, kYes, kPower, &Snapshot::load_power},
    Entity{"energy_on_battery", "Energy on battery", "energy", "kWh", "", 2, kPrimary, kYes, kPower, &Snapshot::energy_on_battery},
    Entity{"energy_total", "Energy total", "energy", "kWh", "", 2, kPrimary, kYes, kPower, &Snapshot::energy_total},
    Entity{"on_battery_since", "On battery since", "timestamp", "", "", 0, kPrimary, kNo, kNothing, &Snapshot::on_battery_since},
    Entity{"last_outage", "Last outage", "timestamp", "", "", 0, kPrimary, kNo, kNothing, &Snapshot::last_outage, "value_json.last_outage_record or {}"},
    Entity{"last_outage_duration", "Last outage duration", "duration", "min", "", 0, kPrimary, kYes, kNothing, &Snapshot::last_outage_duration, "value_json.last_outage_record or {}"},
    Entity{"outages", "Outages", "", "", "mdi:transmission-tower-off", 0, kPrimary, kYes, kNothing, &Snapshot::outages},
    Entity{"shutdown_advised", "Shutdown advised", "", "", "mdi:power-plug-off-outline", 0, kPrimary, kYes, kNothing, &Snapshot::shutdown_advised, "value_json.shutdown_reasons or {}"},
    Entity{"safe_to_start", "Safe to start", "", "", "mdi:power-plug-outline", 0, kPrimary, kYes, kNothing, &Snapshot::safe_to_start},
    Entity{"nut_clients", "NUT clients", "", "", "mdi:server-network", 0, kDiagnostic, kYes, kNut, &Snapshot::nut_clients, "value_json.nut_client_list or {}"},
    Entity{"power_event", "Power event", "", "", "mdi:transmission-tower", 0, kPrimary, kYes, kNothing, EventSource{}},
    Entity{"run_self_test", "Self-test", "", "", "mdi:battery-check", 0, kConfig, kYes, kNothing, Button{Command::kSelfTest}},
    Entity{"self_test_until_low", "Test until low", "", "", "mdi:battery-arrow-down", 0, kConfig, kYes, kNothing, Button{Command::kSelfTestUntilLow}},
    Entity{"cancel_test", "Cancel test", "", "", "mdi:battery-remove", 0, kConfig, kYes, kNothing, Button{Command::kCancelTest}},
    Entity{"shutdown_restore", "Shut down and restore", "", "", "mdi:power-cycle", 0, kConfig, kYes, kNothing, Button{Command::kShutdownRestore}},
    Entity{"cancel_shutdown", "Cancel shutdown", "", "", "mdi:power-plug", 0, kConfig, kYes, kNothing, Button{Command::kCancelShutdown}},
    Entity{"rehearse", "Rehearse outage", "", "", "mdi:drama-masks", 0, kConfig, kYes, kNothing, Button{Command::kRehearse}},
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

// What it is to Home Assistant; empty: nothing, for the owner does not allow it, or has not said what it needs.
std::string_view Platform(const Entity& entity, const Device& device);

// What is read from the wire is known only while the inverter answers,
constexpr bool IsFromWire(const Entity& entity) {
  return IsOneOf<Number, MaybeNumber, Flag, OwnWireFlag, Switch>(entity.source);
}

// and what is sent there can be asked for only then. Of a rehearsal nothing is known when the play is over.
constexpr bool NeedsLink(const Entity& entity, const Device& device) {
  const Button* button = std::get_if<Button>(&entity.source);
  return device.is_rehearsal || IsFromWire(entity) || (button && button->command != Command::kRehearse);
}

}  // namespace aims
