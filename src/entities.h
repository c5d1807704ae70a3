// The entities of an inverter: one row each, from which both the discovery and the state document are written. To add
// an entity is to add a row. Names, classes and units are Home Assistant's; the kind of source decides the component: a
// number is a sensor, a flag a binary sensor, what happens an event.

#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <variant>

#include "snapshot.h"

namespace aims {

// What the wire says, or what we know by ourselves.
using Number = double Reading::*;
using MaybeNumber = std::optional<double> Reading::*;
using Flag = bool Reading::*;
using OwnFlag = bool Snapshot::*;
struct Happenings {};  // power_events.h; not part of the state
using Source = std::variant<Number, MaybeNumber, Flag, OwnFlag, Happenings>;

enum class Category { kPrimary, kDiagnostic };
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
    Entity{"beeper", "Beeper", "", "", "mdi:volume-high", 0, kDiagnostic, kEverywhere, &Reading::beeper},
    Entity{"line_interactive", "Line-interactive mode", "", "", "mdi:sine-wave", 0, kDiagnostic, kEverywhere, &Reading::line_interactive},
    Entity{"avr_active", "AVR active", "running", "", "", 0, kDiagnostic, kNotOnPicoglf, &Reading::avr_active},
    Entity{"connection", "Connection", "connectivity", "", "", 0, kDiagnostic, kEverywhere, &Snapshot::connected},
    Entity{"power_event", "Power event", "", "", "mdi:transmission-tower", 0, kPrimary, kEverywhere, Happenings{}},
};
// clang-format on
}  // namespace entity_rows

using entity_rows::kEntities;

// What an entity shows; monostate: unknown.
using Value = std::variant<std::monostate, bool, double>;

// The value of `entity` in `snapshot`.
Value ValueOf(const Entity& entity, const Snapshot& snapshot);

constexpr bool IsSensor(const Entity& entity) {
  return std::holds_alternative<Number>(entity.source) || std::holds_alternative<MaybeNumber>(entity.source);
}

constexpr bool IsEvent(const Entity& entity) { return std::holds_alternative<Happenings>(entity.source); }

// What is read from the wire is known only while the inverter answers; the rest is always known.
constexpr bool IsFromWire(const Entity& entity) {
  return IsSensor(entity) || std::holds_alternative<Flag>(entity.source);
}

}  // namespace aims
