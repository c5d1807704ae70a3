// A battery may be told anything, in any order: what it says of itself is a number within its bounds, or nothing.

#include "inverter/battery.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}
  bool is_empty() const { return data_ == end_; }
  // Evenly between `least` and `most`.
  double Number(double least, double most) { return is_empty() ? least : least + (most - least) * *data_++ / 255; }

 private:
  const uint8_t* data_;
  const uint8_t* end_;
};

void Check(bool is_right) {
  if (!is_right) std::abort();
}

void CheckRange(const std::optional<aims::Range>& range, double most) {
  if (!range) return;
  Check(std::isfinite(range->value) && std::isfinite(range->least) && std::isfinite(range->most));
  Check(0 <= range->least && range->least <= range->value && range->value <= range->most && range->most <= most);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using Seconds = aims::Battery::Seconds;
  Bytes bytes(data, size);
  aims::BatteryOptions options;
  options.type = static_cast<aims::BatteryType>(static_cast<int>(bytes.Number(0, 3)));
  options.nominal_voltage = aims::kNominalVoltages[static_cast<size_t>(bytes.Number(0, 2))];
  options.capacity = std::pow(10, bytes.Number(0, 4));
  options.rated_power = bytes.Number(50, 50'000);
  options.efficiency = bytes.Number(0.3, 1);
  options.idle_power = bytes.Number(0, 1000);
  if (bytes.Number(0, 1) > 0.5) options.capacity_1h = *options.capacity * bytes.Number(0.01, 1);
  if (bytes.Number(0, 1) > 0.5) options.charge_current = bytes.Number(0.1, 1000);
  if (bytes.Number(0, 1) > 0.5) options.cutoff_voltage = bytes.Number(5, 60);
  aims::Battery battery(options);
  while (!bytes.is_empty()) {
    const double act = bytes.Number(0, 5);
    const double voltage = bytes.Number(0, 80);
    const double load = bytes.Number(0, 200);
    const Seconds time(std::pow(10, bytes.Number(-3, 5)));
    if (act < 2) {
      battery.OnBattery(voltage, load, act < 0.5, time);
    } else if (act < 3) {
      battery.OnMains(voltage, load, time);
    } else if (act < 4) {
      battery.Unseen(time);
    } else if (act < 4.5) {
      battery.OnGap(time);
    } else {
      battery = aims::Battery(options, battery.saved_state());
    }
    CheckRange(battery.charge(), 1);
    CheckRange(battery.runtime(), HUGE_VAL);
    CheckRange(battery.learned(), 10);
    if (battery.health()) Check(*battery.health() > 0 && *battery.health() <= 2);
  }
  return 0;
}
