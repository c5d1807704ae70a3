// A discharge of the simulated battery (simulator.h), from full to the cut-off, and what an owner would be shown
// meanwhile, beside what was true: columns for bench/discharge to draw. The options say of the battery what is printed
// on it.

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "inverter/inverter.h"
#include "megatec/q1.h"
#include "megatec/simulator.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

struct Row {
  double minute, voltage;
  std::optional<double> charge, runtime;
  bool battery_low, shutdown_advised;
};

InverterOptions Said() {
  InverterOptions options;
  options.battery = {.type = BatteryType::kFlooded, .nominal_voltage = 12, .capacity = 20, .rated_power = 1200};
  return options;
}

// Until the output goes off.
std::vector<Row> Discharge() {
  Inverter::Time time{};
  Simulator simulator(time);
  Inverter inverter(Said(), {}, {.battery = {.charge = 1}});
  std::vector<Row> rows;
  simulator.Obey("load 20");
  simulator.Obey("utility off");
  while (true) {
    simulator.Advance(time);
    const auto reading = megatec::ParseReply(simulator.Reply("Q1\r"), "Q1\r");
    if (!reading || reading->output_voltage == 0) return rows;
    inverter.Read(*reading, {time});
    const Snapshot& seen = inverter.snapshot();
    rows.push_back({std::chrono::duration<double, std::ratio<60>>(time.time_since_epoch()).count(),
                    reading->battery_voltage, seen.battery_charge, seen.battery_runtime, reading->battery_low,
                    seen.shutdown_advised});
    time += 1s;
  }
}

}  // namespace
}  // namespace aims

int main() {
  const auto rows = aims::Discharge();
  fmt::print(
      "# minute, battery V, estimated charge %, estimated min left, true min left, battery low, shutdown advised\n");
  for (const auto& row : rows) {
    fmt::print("{:.3f} {} {} {:.2f} {:.2f} {:d} {:d}\n", row.minute, row.voltage, row.charge.value_or(-1),
               row.runtime.value_or(-60) / 60, rows.back().minute - row.minute, row.battery_low, row.shutdown_advised);
  }
}
