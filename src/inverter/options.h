// What the owner says of one inverter and its battery. The defaults stand here, and where each member's type is.
// Pure.

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "inverter/address.h"
#include "inverter/battery.h"
#include "inverter/command.h"
#include "inverter/device.h"
#include "inverter/shutdown_advisor.h"
#include "inverter/utility.h"

namespace aims {

// How many there may be in the options, and in the files that the program keeps.
inline constexpr size_t kMostInverters = 100;

// What a serial line can be set to.
inline constexpr int kBaudRates[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};

struct InverterOptions {
  Device device;
  Address address = AnyAdapter{};
  int baud_rate = 2400;
  std::chrono::milliseconds poll_interval{1000};  // start to start; 0: the next request leaves when a reply has ended
  std::optional<double> utility_voltage{};        // V, one of kUtilityVoltages; nothing: it is learned
  bool has_battery_priority = false;              // its switch SW5: it runs on battery although the utility is there
  BatteryOptions battery;
  ShutdownOptions shutdown;
  ShutdownDelays delays;  // of the command shutdown_restore
};

inline Described DescribedBy(const BatteryOptions& battery) {
  return {battery.rated_power.has_value(), IsDescribed(battery)};
}

}  // namespace aims
