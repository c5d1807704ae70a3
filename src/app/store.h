// Keeps what the inverters have to remember across restarts, in two files below --data (memory.h).

#pragma once

#include <chrono>
#include <string>

#include "inverter/inverter.h"
#include "inverter/saved_state.h"
#include "io/data_file.h"

namespace aims {

class Keeper {
 public:
  explicit Keeper(const std::string& data_directory);

  // An inverter as the options have it, remembering what was kept of it.
  Inverter Recall(const InverterOptions& options);

  // Keeps what is due of it.
  void Keep(Inverter& inverter, const Due& due);

 private:
  DataFile outages_file_;
  DataFile battery_file_;
  OutageMemory outages_;
  BatteryMemory batteries_;
  Inverter::Time next_try_{};  // while it fails
};

}  // namespace aims
