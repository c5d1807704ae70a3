#include "inverter/power_events.h"

#include <doctest/doctest.h>

#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;
using Events = std::vector<EventType>;
using enum EventType;

namespace {

struct Fixture {
  PowerEvents events;
  Reading mains = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a start on good mains is no event, and neither is silence before the first reading") {
  CHECK_FALSE(events.Silent());
  CHECK(events.Read(mains).empty());
}

TEST_CASE_FIXTURE(Fixture, "what changes is told once each way") {
  events.Read(mains);
  CHECK(events.Read(outage).empty());  // of the power outage.h knows more
  outage.battery_low = true;
  CHECK(events.Read(outage) == Events{kBatteryLow});
  outage.battery_low = false;
  CHECK(events.Read(outage) == Events{kBatteryOk});
  CHECK(events.Read(mains).empty());
  mains.ups_failed = true;
  CHECK(events.Read(mains) == Events{kUpsFailed});
  mains.ups_failed = false;
  CHECK(events.Read(mains) == Events{kUpsOk});
}

TEST_CASE_FIXTURE(Fixture, "the shutdown flag, which comes with every outage, is no event") {
  events.Read(mains);
  mains.shutdown_flag = true;
  CHECK(events.Read(mains).empty());
}

TEST_CASE_FIXTURE(Fixture, "what changed during a silence is told after it") {
  events.Read(mains);
  CHECK(events.Silent());
  CHECK_FALSE(events.Silent());
  mains.ups_failed = true;
  CHECK(events.Back());
  CHECK_FALSE(events.Back());
  CHECK(events.Read(mains) == Events{kUpsFailed});
  events.Silent();
  CHECK(events.Back());
  CHECK(events.Read(mains).empty());
}

TEST_CASE_FIXTURE(Fixture, "an overload is told again only after it was clearly over") {
  const auto with = [&](double load) {
    mains.load = load;
    return events.Read(mains);
  };
  CHECK(with(100).empty());
  CHECK(with(101) == Events{kOverload});
  for (const double load : {99.0, 105.0, 96.0, 120.0}) CHECK(with(load).empty());
  mains.load.reset();  // a placeholder says nothing
  CHECK(events.Read(mains).empty());
  CHECK(with(101).empty());
  with(95);
  CHECK(with(101) == Events{kOverload});
}

TEST_CASE("an event is late by the clock that does not jump, where that can tell") {
  const WallTime wall = *ParseTime("2026-11-22T21:04:00.000+00:00");
  const std::chrono::steady_clock::time_point moment(1000s);  // the system runs for so long
  const PowerEvent ours{"a", kPowerLost, "1", wall, moment};
  CHECK_FALSE(IsLate(ours, wall + 8760h, moment + 1s));
  CHECK_FALSE(IsLate(ours, wall - 1h, moment + 30s));
  CHECK(IsLate(ours, wall, moment + 31s));

  const PowerEvent earlier{"a", kPowerLost, "1", wall};
  CHECK_FALSE(IsLate(earlier, wall + 30s, moment));
  CHECK(IsLate(earlier, wall + 31s, moment));
  CHECK(IsLate(earlier, wall - 1h, moment));  // the clock was set: nobody knows
  // A host without a clock chip starts with the time of its end; what happened before that is old.
  const std::chrono::steady_clock::time_point early(20s);
  CHECK(IsLate(earlier, wall + 25s, early));
}

namespace {

// Readings on mains of 120 V, a second apart.
struct Line {
  BriefOutages flickers;
  BriefOutages::Time now{1000s};
  Reading reading = *megatec::ParseStatus("(120.0 110.0 120.0 023 60.0 13.5 00.0 00001001\r");

  std::optional<double> After(std::chrono::seconds time) {
    now += time;
    return flickers.Read(reading, 120, now);
  }
  std::optional<double> Faulted(std::optional<double> voltage) {
    reading.utility_fault_voltage = voltage;
    return After(1s);
  }
  void Settle() {
    for (int i = 0; i <= 30; ++i) REQUIRE_FALSE(After(1s));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Line, "a failure between two polls leaves its voltage behind, and is told once") {
  Settle();
  CHECK(Faulted(81.0) == 81.0);
  CHECK_FALSE(After(1s));
  CHECK(Faulted(0.0) == 0.0);
  CHECK(Faulted(150.0) == 150.0);
}

TEST_CASE_FIXTURE(Line, "a unit that repeats the input, or a constant, has no failures") {
  Settle();
  for (const double volts : {119.0, 121.0, 99.0, 118.0, 140.0, 120.0}) {
    reading.utility_voltage = volts;
    CHECK_FALSE(Faulted(volts));
  }
  reading.utility_voltage = 99.0;
  CHECK_FALSE(Faulted(120.0));
  reading.utility_voltage = 120.0;
  CHECK_FALSE(Faulted(99.0));  // a poll late
}

TEST_CASE_FIXTURE(Line, "a voltage that is fit is no failure") {
  Settle();
  CHECK_FALSE(Faulted(109.0));
  CHECK_FALSE(Faulted(130.0));
}

TEST_CASE_FIXTURE(Line, "what an outage that was seen, a silence or a start left behind is no failure of its own") {
  reading.utility_fault_voltage = 81.0;
  CHECK_FALSE(After(1s));
  CHECK_FALSE(Faulted(70.0));
  Settle();
  Reading outage = reading;
  outage.on_battery = true;
  outage.utility_voltage = 0;
  now += 1s;
  CHECK_FALSE(flickers.Read(outage, 120, now));
  CHECK_FALSE(Faulted(20.0));
  CHECK_FALSE(Faulted(30.0));  // some units say so only a little later
  Settle();
  flickers.Silent();
  CHECK_FALSE(Faulted(40.0));
  Settle();
  CHECK(Faulted(50.0) == 50.0);
}

TEST_CASE_FIXTURE(Line, "without a fault voltage, or a nominal one, nothing is made up") {
  Settle();
  CHECK_FALSE(Faulted(std::nullopt));
  CHECK_FALSE(Faulted(81.0));
  reading.utility_fault_voltage = 70.0;
  now += 1s;
  CHECK_FALSE(flickers.Read(reading, std::nullopt, now));
}
