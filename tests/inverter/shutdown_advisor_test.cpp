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
  ShutdownAdvisor::Input input{.on_battery = true, .charge = 80, .runtime = 3600, .voltage = 12.1};

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
  const ShutdownAdvisor::Input well{.on_battery = true, .charge = 80, .runtime = 3600, .voltage = 12.1};
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
  input = {.on_battery = false, .charge = 1, .runtime = 1, .battery_low = true};
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
    input.on_battery = false;
    Pass(59s);
    input.on_battery = true;
    Pass(1s);
  }
  CHECK(advisor.is_advised());
  input.on_battery = false;
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
  input.on_battery = false;
  Pass(600s);
  CHECK(advisor.is_advised());
}

TEST_CASE_FIXTURE(Fixture, "it is safe to start when the mains have held for 5 min and the charge is enough") {
  input.on_battery = false;
  input.charge = 29;
  Pass(400s);
  CHECK_FALSE(advisor.is_safe_to_start());
  input.charge = 30;
  Pass(1s);
  CHECK(advisor.is_safe_to_start());
  input.charge.reset();  // an unknown one does not hold it up
  Pass(1s);
  CHECK(advisor.is_safe_to_start());
  input.on_battery = true;
  Pass(31s);
  CHECK_FALSE(advisor.is_safe_to_start());
}

// Each flicker was two lines in Home Assistant's Activity, and another start for what was never shut down.
TEST_CASE_FIXTURE(Fixture, "a failure of seconds does not end that it is safe to start, unless a shutdown is advised") {
  input.on_battery = false;
  Pass(301s);
  REQUIRE(advisor.is_safe_to_start());
  input.on_battery = true;
  Pass(29s);
  CHECK(advisor.is_safe_to_start());
  input.on_battery = false;
  Pass(1s);
  CHECK(advisor.is_safe_to_start());
  input.on_battery = true;
  input.charge = 30;
  Pass(11s);
  REQUIRE(advisor.is_advised());
  CHECK_FALSE(advisor.is_safe_to_start());
  input.on_battery = false;
  Pass(299s);
  CHECK_FALSE(advisor.is_safe_to_start());
  Pass(2s);
  CHECK(advisor.is_safe_to_start());
}

TEST_CASE_FIXTURE(Fixture, "a failure that two rare polls saw is not taken for one of seconds") {
  input.on_battery = false;
  Pass(301s);
  input.on_battery = true;
  advisor.Follow(input, now += 60s);
  CHECK(advisor.is_safe_to_start());  // it may have begun just now
  input.on_battery = false;
  advisor.Follow(input, now += 60s);
  CHECK_FALSE(advisor.is_safe_to_start());
}

TEST_CASE_FIXTURE(Fixture, "failures of seconds, one after another, are one long failure") {
  input.on_battery = false;
  Pass(301s);
  for (int i = 0; i < 2; ++i) {
    input.on_battery = true;
    Pass(20s);
    input.on_battery = false;
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
  input.on_battery = false;
  Pass(61s);
  CHECK_FALSE(advisor.is_advised());
  input.on_battery = true;
  Pass(60s);
  CHECK_FALSE(advisor.is_advised());
}
