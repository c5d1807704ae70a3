#include "inverter/supply.h"

#include <doctest/doctest.h>

#include <utility>

#include "megatec/q1.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

constexpr auto kInRange = Input::kInRange;

struct Fixture {
  SupplyWatch::Options options{.cutoff_voltage = 10.5};
  SupplyWatch watch{options, {}, /*is_outage=*/false};
  Moment now{SupplyWatch::Time(1000s), WallTime(1000h)};
  Reading mains = *megatec::ParseStatus("(120.0 120.0 120.0 023 60.0 13.5 00.0 00001001\r");
  Reading battery = *megatec::ParseStatus("(118.0 120.0 120.0 023 60.0 12.4 00.0 10001011\r");
  Reading test = *megatec::ParseStatus("(118.0 120.0 120.0 023 60.0 12.4 00.0 10001111\r");

  Supply Read(const Reading& reading, Input input = kInRange, std::chrono::seconds time = 1s) {
    Supply supply = Supply::kUtility;
    for (auto i = 0s; i < time; i += 1s) {
      now.steady += 1s;
      now.wall += 1s;
      supply = watch.Read(reading, input, now);
    }
    return supply;
  }
  // When the supply became `supply`, in readings from now on; 0: it did not.
  int Until(Supply supply, const Reading& reading, int most, Input input = kInRange) {
    for (int i = 1; i <= most; ++i) {
      if (Read(reading, input) == supply) return i;
    }
    return 0;
  }
  void Restart() { watch = SupplyWatch(options, watch.saved_state(), watch.is_mains_present()); }
};

Reading Low(Reading reading) {
  reading.battery_low = true;
  return reading;
}

Reading At(double volts, Reading reading) {
  reading.battery_voltage = volts;
  return reading;
}

struct Priority : Fixture {
  Priority() {
    options = {.has_battery_priority = true, .cutoff_voltage = 10.5};
    watch = SupplyWatch(options, {}, false);
    Read(mains);
  }
};

}  // namespace

// 120 V are there, the inverter runs on battery, and nothing was told until the battery was dead.
TEST_CASE_FIXTURE(Fixture, "on battery is an outage from that reading on, whatever the input shows, until it is not") {
  for (const Input input : {Input::kInRange, Input::kOutOfRange, Input::kNone, Input::kUnknown}) {
    CHECK(Read(mains) == Supply::kUtility);
    CHECK(Read(battery, input) == Supply::kOutage);
  }
  for (const Input input : {Input::kNone, Input::kInRange}) CHECK(Read(battery, input, 3600s) == Supply::kOutage);
  CHECK(Read(mains) == Supply::kUtility);
}

TEST_CASE_FIXTURE(Fixture,
                  "a utility that is refused is told at once, one that is back when an inverter would have taken it") {
  Read(mains);
  Read(battery);
  CHECK(watch.is_mains_present());
  Read(battery, Input::kNone);
  CHECK_FALSE(watch.is_mains_present());
  Read(battery, kInRange, 20s);
  CHECK_FALSE(watch.is_mains_present());
  Read(battery);
  CHECK(watch.is_mains_present());
  Read(mains);
  CHECK_FALSE(watch.is_mains_present());
}

TEST_CASE_FIXTURE(Fixture, "what looks like a short test may be one") {
  Read(mains);
  Read(battery);
  CHECK(watch.may_be_test());
  Read(battery, Input::kOutOfRange);
  CHECK_FALSE(watch.may_be_test());
}

TEST_CASE_FIXTURE(Fixture, "a self-test is no outage while the input is in range") {
  Read(mains);
  CHECK(Read(test, kInRange, 36'000s) == Supply::kTest);
  CHECK(Read(battery) == Supply::kOutage);  // it is over, and the inverter stays on battery
  CHECK(Read(test) == Supply::kOutage);
  Read(mains);
  for (const Input input : {Input::kNone, Input::kOutOfRange, Input::kUnknown}) {
    CHECK(Read(test) == Supply::kTest);
    CHECK(Read(test, input) == Supply::kOutage);
    CHECK(Read(test) == Supply::kOutage);  // and stays one
    Read(mains);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "a self-test that goes on for a minute after the battery was low is an outage that is no test") {
  Read(mains);
  Read(Low(test));
  CHECK(Until(Supply::kOutage, test, 70) == 60);
  CHECK_FALSE(watch.may_be_test());
  Read(mains);
  Read(test, kInRange, 10s);
  CHECK(Until(Supply::kOutage, Low(test), 70) == 61);
}

TEST_CASE_FIXTURE(Fixture, "so is one whose battery is at the cut-off for ten seconds, but no dip") {
  Read(mains);
  Read(test);
  Read(At(10.4, test), kInRange, 9s);
  CHECK(Read(At(10.6, test)) == Supply::kTest);
  CHECK(Until(Supply::kOutage, At(10.5, test), 20) == 11);
  CHECK_FALSE(watch.may_be_test());
}

TEST_CASE_FIXTURE(Fixture, "a unit that stays on the utility by its own word in a test has no outage") {
  Reading quiet = *megatec::ParseStatus("(240.0 000.0 241.0 000 49.0 13.3 30.8 00001100\r");
  CHECK(Read(quiet, kInRange, 100s) == Supply::kUtility);
}

TEST_CASE_FIXTURE(Fixture, "a test that this program began is one for 25 s, on a unit that does not say so") {
  Read(mains);
  watch.BeginTest(Command::kSelfTest, now);
  CHECK(Read(mains, kInRange, 2s) == Supply::kUtility);
  CHECK(Until(Supply::kOutage, battery, 40) == 23);
  Read(mains);
  watch.BeginTest(Command::kSelfTest, now);
  CHECK(Read(battery, kInRange, 10s) == Supply::kTest);
  Read(mains);
  CHECK(Read(battery) == Supply::kOutage);  // that one is over
}

TEST_CASE_FIXTURE(Fixture,
                  "one until low lasts until the utility has the load again, or the battery was low for a minute") {
  Read(mains);
  watch.BeginTest(Command::kSelfTestUntilLow, now);
  Read(mains, kInRange, 3s);
  CHECK(Read(battery, kInRange, 36'000s) == Supply::kTest);
  Read(Low(battery), kInRange, 30s);
  Read(battery);
  CHECK(Until(Supply::kOutage, Low(battery), 70) == 61);
  Read(mains);
  watch.BeginTest(Command::kSelfTestUntilLow, now);
  Read(battery);
  Read(mains);
  CHECK(Read(battery) == Supply::kOutage);
  Read(mains);
  watch.BeginTest(Command::kSelfTestUntilLow, now);
  Read(mains, kInRange, 26s);  // the unit does not know the command
  CHECK(Read(battery) == Supply::kOutage);
}

TEST_CASE_FIXTURE(Fixture, "it ends early when the input leaves its range, and is none where the unit refused it") {
  Read(mains);
  watch.BeginTest(Command::kSelfTestUntilLow, now);
  CHECK(Read(battery) == Supply::kTest);
  CHECK(Read(battery, Input::kNone) == Supply::kOutage);
  CHECK(Read(battery) == Supply::kOutage);
  Read(mains);
  watch.BeginTest(Command::kSelfTest, now);
  watch.DropTest();
  CHECK(Read(battery) == Supply::kOutage);
  // On battery it is no test, whatever is asked for.
  watch.BeginTest(Command::kSelfTestUntilLow, now);
  CHECK_FALSE(watch.saved_state().test);
  Read(mains);
  watch.BeginTest(Command::kBeeperOn, now);
  CHECK(Read(battery) == Supply::kOutage);
}

TEST_CASE_FIXTURE(Fixture, "it is kept over a restart") {
  Read(mains);
  watch.BeginTest(Command::kSelfTest, now);
  Read(battery, kInRange, 5s);
  Restart();
  CHECK(Until(Supply::kOutage, battery, 40) == 20);
  Read(mains);
  watch.BeginTest(Command::kSelfTestUntilLow, now);
  Read(battery, kInRange, 60s);
  Restart();
  CHECK(Read(battery, kInRange, 600s) == Supply::kTest);
}

TEST_CASE_FIXTURE(Fixture, "a unit that sets b2 says by itself when a test until low is over") {
  Read(mains);
  watch.BeginTest(Command::kSelfTestUntilLow, now);
  Read(test, kInRange, 10s);
  CHECK(Read(battery) == Supply::kOutage);
}

TEST_CASE_FIXTURE(Priority, "in battery-priority mode on battery is no outage while the input is in range") {
  CHECK(Read(battery, kInRange, 36'000s) == Supply::kBatteryPriority);
  CHECK(Read(Low(battery), kInRange, 600s) == Supply::kBatteryPriority);
  CHECK(watch.is_utility_there());
  Read(mains);
  CHECK(Read(battery) == Supply::kBatteryPriority);
}

TEST_CASE_FIXTURE(Priority,
                  "it should have gone back with the battery low for ten minutes, or at the cut-off for ten seconds") {
  CHECK(Until(Supply::kOutage, Low(battery), 700) == 601);
  CHECK_FALSE(watch.may_be_test());
  CHECK_FALSE(watch.is_utility_there());
  CHECK(Read(Low(battery), kInRange, 600s) == Supply::kOutage);  // the input alone does not end it
  CHECK(Read(battery, kInRange, 600s) == Supply::kOutage);
  SUBCASE("also after a restart") {
    watch = SupplyWatch(options, watch.saved_state(), /*is_outage=*/true);
    CHECK(Read(battery, kInRange, 600s) == Supply::kOutage);
  }
  CHECK(Read(mains) == Supply::kUtility);
  CHECK(Until(Supply::kOutage, At(10.3, battery), 20) == 11);
}

TEST_CASE_FIXTURE(Priority, "an outage in it is over when the input has been in range for the restore delay") {
  Read(battery);
  for (const Input away : {Input::kNone, Input::kOutOfRange, Input::kUnknown}) {
    CHECK(Read(battery, away, 30s) == Supply::kOutage);
    CHECK_FALSE(watch.is_utility_there());
    CHECK(Read(battery) == Supply::kOutage);
    CHECK(watch.is_utility_there());
    CHECK(Until(Supply::kBatteryPriority, battery, 100) == 60);
  }
  Read(battery, Input::kNone);
  Read(battery, kInRange, 40s);
  watch.Silent();  // nobody knows what it showed meanwhile
  now.steady += 10min;
  CHECK(Until(Supply::kBatteryPriority, battery, 100) == 61);
}
