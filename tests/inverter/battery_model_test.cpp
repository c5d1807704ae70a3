#include "inverter/battery_model.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;

namespace {

// Ah that a block of 100 Ah gives at that many W, until `end` V.
double Delivered(BatteryType type, double power, double end) {
  BatteryModel battery(type, 12, 100);
  double taken = 0;
  while (battery.Voltage(power) > end) {
    taken += power / battery.Voltage(power) * 10 / 3600;
    battery.Discharge(power, 10s);
  }
  return taken;
}

}  // namespace

// Sunnyway SW12140E and Haze HZB12-28: 100, 86, 60 and 50 of 100 Ah in 20 h, 5 h, 1 h and 30 min; Trojan T-105: 83 in 6
// h.
TEST_CASE("the model gives what data sheets say, fast and slow") {
  CHECK(Delivered(BatteryType::kAgm, 60, 10.5) == doctest::Approx(100).epsilon(0.06));
  CHECK(Delivered(BatteryType::kAgm, 210, 10.5) == doctest::Approx(88).epsilon(0.06));
  CHECK(Delivered(BatteryType::kAgm, 700, 10.5) == doctest::Approx(60).epsilon(0.08));
  CHECK(Delivered(BatteryType::kAgm, 1200, 10.5) == doctest::Approx(52).epsilon(0.08));
  CHECK(Delivered(BatteryType::kFlooded, 165, 10.5) == doctest::Approx(84).epsilon(0.08));
  CHECK(Delivered(BatteryType::kLifepo4, 130, 11.2) == doctest::Approx(100).epsilon(0.04));
  CHECK(Delivered(BatteryType::kLifepo4, 1250, 11.2) == doctest::Approx(96).epsilon(0.05));
}

TEST_CASE("a rest brings some of the charge back after a heavy load") {
  BatteryModel battery(BatteryType::kFlooded, 12, 100);
  while (!battery.is_empty()) battery.Discharge(900, 10s);
  CHECK(battery.charge() > 0.3);
  battery.Discharge(0, 4h);
  CHECK_FALSE(battery.is_empty());
  CHECK(battery.Voltage(100) > 11.5);
}

TEST_CASE("the voltage falls with the load and with the charge, and more blocks are in proportion") {
  BatteryModel battery(BatteryType::kAgm, 12, 100), four(BatteryType::kAgm, 48, 100);
  CHECK(battery.Voltage(500) < battery.Voltage(50) - 0.05);
  CHECK(four.Voltage(2000) == doctest::Approx(4 * battery.Voltage(500)));
  double last = battery.Voltage(200);
  for (int i = 0; i < 200; ++i) {
    battery.Discharge(200, 60s);
    CHECK(battery.Voltage(200) <= last);
    last = battery.Voltage(200);
  }
}

TEST_CASE("a charger fills it, and not more than full") {
  BatteryModel battery(BatteryType::kAgm, 12, 100);
  battery.Set(0.2);
  CHECK(battery.charge() == doctest::Approx(0.2));
  battery.Charge(20, 1h);
  CHECK(battery.charge() == doctest::Approx(0.39).epsilon(0.05));
  for (int i = 0; i < 20; ++i) battery.Charge(20, 1h);
  CHECK(battery.is_full());
  CHECK(battery.charge() <= 1);
}

TEST_CASE("an impossible load empties it, and nothing is not a number") {
  BatteryModel battery(BatteryType::kLifepo4, 12, 1);
  battery.Discharge(1e6, 1h);
  CHECK(battery.is_empty());
  CHECK(battery.Voltage(1e6) > 0);
  CHECK(battery.charge() == battery.charge());
}
