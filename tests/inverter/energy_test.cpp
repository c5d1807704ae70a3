#include "inverter/energy.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  Energy energy{Energy::SavedState{}};
  Energy::Time now{1000s};

  double Give(double watts, std::chrono::seconds time, bool on_battery = true) {
    now += time;
    return energy.Add(watts, time, on_battery, now);
  }
  void Save() { energy.OnSaved(energy.saved_state(), now); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "power over time is energy, and on the utility it counts in the total alone") {
  CHECK(Give(100, 3600s) == doctest::Approx(100));
  CHECK(Give(100, 3600s, /*on_battery=*/false) == 0);
  CHECK(energy.saved_state().on_battery == doctest::Approx(100));
  CHECK(energy.saved_state().total == doctest::Approx(200));
}

TEST_CASE_FIXTURE(Fixture, "nothing is told before it is saved, or a restart would take it back") {
  Give(1000, 3600s);
  CHECK(energy.told() == Energy::SavedState{});
  const Energy::SavedState saving = energy.saved_state();
  Give(1000, 3600s);  // while the disk is slow
  energy.OnSaved(saving, now);
  CHECK(energy.told().total == doctest::Approx(1000));
  CHECK(Energy(saving).told() == saving);
}

TEST_CASE_FIXTURE(Fixture, "ten watt-hours are worth a save, or what ten minutes brought") {
  CHECK_FALSE(energy.IsDue(now));
  Give(36, 900s);  // 9 Wh; the clock of the ten minutes begins with the first of them
  CHECK_FALSE(energy.IsDue(now));
  CHECK_FALSE(energy.IsDue(now + 599s));
  CHECK(energy.IsDue(now + 600s));
  Give(36, 100s);
  CHECK(energy.IsDue(now));
  Save();
  CHECK_FALSE(energy.IsDue(now + 1h));  // with nothing new there is nothing to save
}
