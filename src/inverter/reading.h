// One reading: what one Q1 reply says, in the field's own units. A plain value; where it comes from (megatec.h) and
// where it goes (documents.h) it does not know.

#pragma once

#include <optional>

namespace aims {

// Numbers that a device need not measure are empty where it sent a placeholder; never 0 in their stead.
struct Reading {
  std::optional<double> utility_voltage;        // V, at the inverter's input
  std::optional<double> utility_fault_voltage;  // V, at the input in its last glitch; many units mirror the input
  double output_voltage = 0;                    // V
  std::optional<double> load;                   // % of the maximum; may exceed 100
  std::optional<double> output_frequency;       // Hz
  double battery_voltage = 0;                   // V, of the pack (on-line units: of one cell)
  std::optional<double> temperature;            // °C

  bool on_battery = false;        // b7 ("utility fail"): it runs on battery, whatever its input shows
  bool battery_low = false;       // b6
  bool avr_active = false;        // b5: boost or buck by the automatic voltage regulation
  bool ups_failed = false;        // b4
  bool line_interactive = false;  // b3; clear: on-line
  bool self_test = false;         // b2: a test is in progress
  bool shutdown_flag = false;     // b1: comes on at once in every AIMS outage; shown, never acted on
  bool beeper = false;            // b0

  bool operator==(const Reading&) const = default;
};

// The battery gives: in an outage, and in each test, in which some units stay on the utility by their own word.
inline bool IsDischarging(const Reading& reading) { return reading.on_battery || reading.self_test; }

// One of its flags.
using Flag = bool Reading::*;

}  // namespace aims
