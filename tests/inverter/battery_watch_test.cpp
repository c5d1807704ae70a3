#include "inverter/battery_watch.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;

TEST_CASE("a battery that stays below float for half a day, falls, or is hardly there, is a problem") {
  const auto is_problem = [](double voltage, std::chrono::seconds time) {
    BatteryWatch watch;
    for (auto i = 0s; i < time; i += 10s) watch.OnMains(voltage, 13.1, 12, 10s);
    return watch.is_problem();
  };
  CHECK_FALSE(is_problem(13.5, 48h));
  CHECK_FALSE(is_problem(12.6, 11h + 59min));
  CHECK(is_problem(12.6, 12h + 1min));
  CHECK_FALSE(is_problem(2.0, 50s));
  CHECK(is_problem(2.0, 70s));

  BatteryWatch falling;
  for (int i = 0; i < 2 * 360; ++i) falling.OnMains(13.0 - i * 0.001, 13.1, 12, 10s);
  CHECK(falling.is_problem());
  for (int i = 0; i < 61; ++i) falling.OnMains(13.5, 13.1, 12, 10s);
  CHECK_FALSE(falling.is_problem());
}

// What counted as a fall was that of a 12 V pack where it was compared with what came hours before.
TEST_CASE("a slow fall is no alarm at 48 V either") {
  const auto falls = [](int times) {
    BatteryWatch watch;
    for (int i = 0; i < 11 * 360; ++i) watch.OnMains((13.0 - i * 0.05 / 360) * times, 13.1 * times, 12 * times, 10s);
    return watch.is_problem();
  };
  CHECK_FALSE(falls(1));
  CHECK_FALSE(falls(4));
}

TEST_CASE("after an outage a low voltage is no wonder") {
  BatteryWatch watch;
  for (int i = 0; i < 11 * 360; ++i) watch.OnMains(12.6, 13.1, 12, 10s);
  watch.OnBattery();
  for (int i = 0; i < 11 * 360; ++i) watch.OnMains(12.6, 13.1, 12, 10s);
  CHECK_FALSE(watch.is_problem());
}
