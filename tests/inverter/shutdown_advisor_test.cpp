#include "inverter/shutdown_advisor.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;
using Why = ShutdownAdvisor::Why;

namespace {

struct Fixture {
  ShutdownOptions options;
  ShutdownAdvisor advisor{options};
  ShutdownAdvisor::Time now{1000s};
  ShutdownAdvisor::Input input{.in_outage = true, .charge = 80, .runtime = 3600, .voltage = 12.1};

  void Utility(bool is_there) {
    input.is_utility_there = is_there;
    input.in_outage = !is_there;
  }
  void Pass(std::chrono::seconds time) {
    for (auto i = 0s; i < time; i += 1s) advisor.Follow(input, now += 1s);
  }
  std::vector<Why> Whys() const {
    std::vector<Why> whys;
    for (const auto& reason : advisor.reasons()) whys.push_back(reason.why);
    return whys;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an outage alone advises nothing") {
  Pass(3600s);
  CHECK_FALSE(advisor.is_advised());
  CHECK_FALSE(advisor.is_safe_to_start());
}

TEST_CASE_FIXTURE(Fixture, "a condition that holds for the delay advises, with its value") {
  input.charge = 30;
  Pass(10s);
  CHECK_FALSE(advisor.is_advised());
  Pass(1s);
  CHECK(advisor.is_advised());
  CHECK(advisor.reasons() == std::vector<ShutdownAdvisor::Reason>{{Why::kCharge, 30, 30}});
}

TEST_CASE_FIXTURE(Fixture, "a condition that comes and goes begins its delay again") {
  for (int i = 0; i < 20; ++i) {
    input.runtime = 200;
    Pass(9s);
    input.runtime = 400;
    Pass(1s);
  }
  CHECK_FALSE(advisor.is_advised());
}

TEST_CASE_FIXTURE(Fixture, "each condition advises by itself") {
  const auto advised = [](ShutdownOptions options, ShutdownAdvisor::Input input) {
    ShutdownAdvisor advisor(options);
    ShutdownAdvisor::Time now{1000s};
    for (int i = 0; i < 12; ++i) advisor.Follow(input, now += 1s);
    return advisor.reasons().empty() ? std::optional<Why>() : advisor.reasons()[0].why;
  };
  const ShutdownAdvisor::Input well{.in_outage = true, .charge = 80, .runtime = 3600, .voltage = 12.1};
  auto bad = well;
  bad.runtime = 300;
  CHECK(advised({}, bad) == Why::kRuntime);
  bad = well;
  bad.battery_low = true;
  CHECK(advised({}, bad) == Why::kBatteryLow);
  bad = well;
  bad.voltage = 11.5;
  CHECK_FALSE(advised({}, bad));  // off, where the owner chose none
  CHECK(advised({.voltage = 11.5}, bad) == Why::kVoltage);
  bad = well;
  bad.on_battery_for = 600s;
  CHECK_FALSE(advised({}, bad));
  CHECK(advised({.after = 600s}, bad) == Why::kAfter);
  bad = well;
  bad.charge.reset();
  bad.runtime.reset();
  CHECK_FALSE(advised({}, bad));  // what is not known advises nothing
}

TEST_CASE_FIXTURE(Fixture, "on mains nothing advises, be the battery as empty as it may") {
  input = {.in_outage = false, .is_utility_there = true, .charge = 1, .runtime = 1, .battery_low = true};
  Pass(3600s);
  CHECK_FALSE(advisor.is_advised());
}

TEST_CASE_FIXTURE(Fixture, "a load that was shed and mains that flap do not withdraw it; mains that hold do") {
  input.runtime = 200;
  Pass(12s);
  REQUIRE(advisor.is_advised());
  input.runtime = 5000;
  Pass(60s);
  CHECK(advisor.is_advised());
  CHECK(Whys() == std::vector{Why::kRuntime});
  for (int i = 0; i < 10; ++i) {
    Utility(true);
    Pass(59s);
    Utility(false);
    Pass(1s);
  }
  CHECK(advisor.is_advised());
  Utility(true);
  Pass(60s);
  CHECK(advisor.is_advised());
  Pass(1s);
  CHECK_FALSE(advisor.is_advised());
  CHECK(advisor.reasons().empty());
}

TEST_CASE_FIXTURE(Fixture, "the latch outlives a restart") {
  ShutdownAdvisor again(options, true);
  again.Follow(input, now);
  CHECK(again.is_advised());
}

TEST_CASE_FIXTURE(Fixture, "a lost link advises by the estimate alone, after a minute") {
  input.silent_for = 0s;
  input.charge = 20;
  for (int i = 0; i < 69; ++i) {
    *input.silent_for += 1s;
    Pass(1s);
  }
  CHECK_FALSE(advisor.is_advised());
  *input.silent_for += 1s;
  Pass(1s);
  CHECK(advisor.is_advised());
  // Nobody knows whether the mains are back.
  Utility(true);
  Pass(600s);
  CHECK(advisor.is_advised());
}

TEST_CASE_FIXTURE(Fixture, "it is safe to start when the mains have held for 5 min and the charge is enough") {
  Utility(true);
  input.charge = 29;
  Pass(400s);
  CHECK_FALSE(advisor.is_safe_to_start());
  input.charge = 30;
  Pass(1s);
  CHECK(advisor.is_safe_to_start());
  input.charge.reset();  // an unknown one does not hold it up
  Pass(1s);
  CHECK(advisor.is_safe_to_start());
  Utility(false);
  Pass(31s);
  CHECK_FALSE(advisor.is_safe_to_start());
}

// Each flicker was two lines in Home Assistant's Activity, and another start for what was never shut down.
TEST_CASE_FIXTURE(Fixture, "a failure of seconds does not end that it is safe to start, unless a shutdown is advised") {
  Utility(true);
  Pass(301s);
  REQUIRE(advisor.is_safe_to_start());
  Utility(false);
  Pass(29s);
  CHECK(advisor.is_safe_to_start());
  Utility(true);
  Pass(1s);
  CHECK(advisor.is_safe_to_start());
  Utility(false);
  input.charge = 30;
  Pass(11s);
  REQUIRE(advisor.is_advised());
  CHECK_FALSE(advisor.is_safe_to_start());
  Utility(true);
  Pass(299s);
  CHECK_FALSE(advisor.is_safe_to_start());
  Pass(2s);
  CHECK(advisor.is_safe_to_start());
}

TEST_CASE_FIXTURE(Fixture, "a failure that two rare polls saw is not taken for one of seconds") {
  Utility(true);
  Pass(301s);
  Utility(false);
  advisor.Follow(input, now += 60s);
  CHECK(advisor.is_safe_to_start());  // it may have begun just now
  Utility(true);
  advisor.Follow(input, now += 60s);
  CHECK_FALSE(advisor.is_safe_to_start());
}

TEST_CASE_FIXTURE(Fixture, "failures of seconds, one after another, are one long failure") {
  Utility(true);
  Pass(301s);
  for (int i = 0; i < 2; ++i) {
    Utility(false);
    Pass(20s);
    Utility(true);
    Pass(1s);
  }
  CHECK_FALSE(advisor.is_safe_to_start());
}

TEST_CASE_FIXTURE(Fixture, "what is requested is advised at once, beside other reasons, until the mains have held") {
  advisor.Request();
  CHECK(advisor.is_advised());
  Pass(1s);
  CHECK(Whys() == std::vector{Why::kRequested});
  input.runtime = 200;
  Pass(12s);
  CHECK(Whys() == std::vector{Why::kRuntime, Why::kRequested});
  input.runtime = 5000;
  Utility(true);
  Pass(61s);
  CHECK_FALSE(advisor.is_advised());
  Utility(false);
  Pass(60s);
  CHECK_FALSE(advisor.is_advised());
}

// A self-test of ten seconds, of a unit that does not set b2.
TEST_CASE_FIXTURE(Fixture,
                  "an outage that may be a short test orders nothing in its first 20 s, and by the low bit in 12 s") {
  options = {.voltage = 12.5, .after = 1s, .delay = 0s};
  const auto first = [&](bool is_low) {
    ShutdownAdvisor each(options);
    auto test = input;
    test.may_be_test = true;
    test.battery_low = is_low;
    test.charge = 10;
    test.runtime = 60;
    for (int i = 0; i < 60; ++i) {
      each.Follow(test, now += 1s);
      if (each.is_advised()) return i;
      test.on_battery_for += 1s;
    }
    return -1;
  };
  CHECK(first(false) == 20);
  CHECK(first(true) == 12);
  options.delay = 30s;
  CHECK(first(true) == 30);
}

TEST_CASE_FIXTURE(Fixture, "an interruption orders nothing, and begins no delay anew") {
  options = {.after = 5s, .delay = 10s};
  advisor = ShutdownAdvisor(options);
  for (int i = 0; i < 4; ++i) {
    input.in_outage = i % 2 == 0;
    input.is_interrupted = !input.in_outage;
    for (int s = 0; s < 4; ++s) {
      if (input.in_outage) input.on_battery_for += 1s;
      Pass(1s);
    }
  }
  CHECK_FALSE(advisor.is_advised());
  input.in_outage = true;
  input.is_interrupted = false;
  input.on_battery_for += 1s;
  Pass(1s);
  CHECK_FALSE(advisor.is_advised());
  Pass(3s);
  CHECK(Whys() == std::vector{Why::kAfter});
}

TEST_CASE_FIXTURE(Fixture, "a voltage at the cut-off advises, whatever was counted, but for a dip") {
  input.cutoff_voltage = 10.5;
  input.voltage = 10.5;
  Pass(10s);
  input.voltage = 10.6;
  Pass(1s);
  CHECK_FALSE(advisor.is_advised());
  input.voltage = 10.4;
  Pass(11s);
  CHECK(advisor.reasons() == std::vector<ShutdownAdvisor::Reason>{{Why::kCutoff, 10.4, 10.5}});
}

TEST_CASE_FIXTURE(Fixture, "the battery is at its end with that advice, until both signs have been gone for a minute") {
  input.cutoff_voltage = 10.5;
  input.charge = 20;
  Pass(11s);
  REQUIRE(advisor.is_advised());
  CHECK_FALSE(advisor.is_battery_ending());
  input.battery_low = true;
  Pass(10s);
  CHECK_FALSE(advisor.is_battery_ending());
  Pass(1s);
  CHECK(advisor.is_battery_ending());
  input.battery_low = false;
  Pass(40s);
  input.voltage = 10.0;
  Pass(1s);
  input.voltage = 12.0;
  Pass(60s);
  CHECK(advisor.is_battery_ending());
  Pass(1s);
  CHECK_FALSE(advisor.is_battery_ending());
}

// The inverter said low and died a second later: nothing was ordered before a minute, and with an unknown battery
// never.
TEST_CASE_FIXTURE(Fixture, "what the inverter said last counts while it is silent") {
  input = {.in_outage = true, .voltage = 10.4, .battery_low = true};
  Pass(1s);
  input.silent_for = 0s;
  Pass(9s);
  CHECK_FALSE(advisor.is_advised());
  Pass(1s);
  CHECK(Whys() == std::vector{Why::kBatteryLow});
  CHECK(advisor.is_battery_ending());
}

TEST_CASE_FIXTURE(Fixture, "the advice ends with the outage where the utility has been there for long enough before") {
  input.charge = 10;
  Pass(11s);
  REQUIRE(advisor.is_advised());
  input.is_utility_there = true;  // battery-priority mode
  Pass(61s);
  CHECK(advisor.is_advised());
  input.in_outage = false;
  Pass(1s);
  CHECK_FALSE(advisor.is_advised());
}
