// What the page is written from.
// Pure. The inverters, each with its history, and what the rest of the program tells of itself.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inverter/inverter.h"
#include "inverter/options.h"
#include "inverter/wire_record.h"
#include "page/history.h"

namespace aims::page {

// One inverter. What it points to outlives it.
struct Shown {
  const InverterOptions* options;
  const Inverter* inverter;
  const WireRecord* wire;
  History history{};

  const Device& device() const { return options->device; }
};

struct BrokerState {
  bool connected = false;
  std::string where{};                          // "192.168.1.10:1883"; empty: none is known yet
  std::string_view home_assistant = "unknown";  // "online", "offline"
  uint64_t publishes = 0;
};

// The rest of the program.
struct World {
  std::string version;
  std::string options;  // as JSON, without passwords
  std::function<BrokerState()> broker;
  std::function<std::vector<std::string>()> log;  // the newest lines, the newest last
};

}  // namespace aims::page
