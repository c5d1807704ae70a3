#include "inverter/outages.h"

#include <doctest/doctest.h>

#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;
using Change = Outages::Change;

namespace {

struct Fixture {
  Outages outages{Outages::SavedState{}};
  Moment now{std::chrono::steady_clock::time_point(1000s), WallTime(1000h)};
  Reading mains = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);

  Change Read(const Reading& reading, std::chrono::milliseconds later = 1s, double energy = 0) {
    now.steady += later;
    now.wall += later;
    return outages.Read(reading, energy, now);
  }
  Reading OnBatteryAt(double volts) {
    Reading reading = outage;
    reading.utility_voltage = volts;
    return reading;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an outage is recorded from its begin to its end") {
  CHECK(Read(mains) == Change::kNone);
  CHECK(Read(outage) == Change::kBegan);
  const WallTime begin = now.wall;
  outage.battery_voltage = 11.2;
  outage.load = 40;
  CHECK(Read(outage, 30min, 100) == Change::kNone);
  outage.battery_voltage = 11.9;
  outage.battery_low = true;
  outage.load = 10;
  CHECK(Read(outage, 22min, 210) == Change::kNone);
  CHECK(Read(mains) == Change::kEnded);
  REQUIRE(outages.last());
  const Outage& last = *outages.last();
  CHECK(last.begin == begin);
  CHECK(last.end == now.wall);
  CHECK_FALSE(last.end_earliest);
  CHECK(last.duration == 52min + 1s);
  CHECK(last.cause == Cause::kNoMains);
  CHECK(last.lowest_battery_voltage == 11.2);
  CHECK(last.highest_load == 40);
  CHECK(last.energy == 310);
  CHECK(last.battery_low);
  CHECK(last.gaps == 0);
  CHECK(outages.saved_state().total == 1);
}

TEST_CASE_FIXTURE(Fixture, "the cause follows from what the last steady mains were") {
  struct Case {
    double steady;
    double volts;
    Cause cause;
  };
  for (const Case c :
       {Case{120, 0, Cause::kNoMains}, Case{120, 49, Cause::kNoMains}, Case{120, 59, Cause::kNoMains},
        Case{120, 90, Cause::kOutOfRange}, Case{120, 119, Cause::kMainsPresent}, Case{120, 150, Cause::kOutOfRange},
        Case{230, 110, Cause::kNoMains}, Case{230, 180, Cause::kOutOfRange}, Case{230, 240, Cause::kMainsPresent},
        Case{100, 99, Cause::kMainsPresent}, Case{100, 80, Cause::kOutOfRange}}) {
    CAPTURE(c.steady);
    CAPTURE(c.volts);
    Fixture each;
    each.mains.utility_voltage = c.steady;
    each.Read(each.mains);
    each.Read(each.OnBatteryAt(c.volts));
    CHECK(each.outages.running()->cause == c.cause);
  }
}

TEST_CASE_FIXTURE(Fixture, "mains that are there, and a test, are no outages") {
  Read(mains);
  CHECK(Read(OnBatteryAt(120)) == Change::kBegan);
  CHECK(Read(mains) == Change::kEnded);
  CHECK(outages.ended().cause == Cause::kMainsPresent);
  Reading test = OnBatteryAt(120);
  test.self_test = true;
  CHECK(Read(test) == Change::kBegan);
  CHECK(Read(mains) == Change::kEnded);
  CHECK(outages.ended().cause == Cause::kTest);
  CHECK(outages.saved_state().total == 0);
  CHECK_FALSE(outages.last());
}

TEST_CASE_FIXTURE(Fixture,
                  "the worst cause counts: mains that fail in a test are an outage, and mains that are back while the "
                  "inverter still tries them do not make it less") {
  Read(mains);
  Reading test = OnBatteryAt(120);
  test.self_test = true;
  Read(test);
  CHECK(Read(outage) == Change::kWorse);
  CHECK(Read(OnBatteryAt(120)) == Change::kNone);
  Read(mains);
  REQUIRE(outages.last());
  CHECK(outages.last()->cause == Cause::kNoMains);
  CHECK(outages.saved_state().total == 1);
}

TEST_CASE_FIXTURE(Fixture, "a silence in an outage is a gap, and not its end") {
  Read(mains);
  Read(outage);
  outages.Silent();
  outages.Silent();
  CHECK(Read(outage, 10min) == Change::kNone);
  CHECK(outages.running()->gaps == 1);
  CHECK(outages.running()->duration == 10min);
}

TEST_CASE_FIXTURE(Fixture, "an end that nobody saw is a range") {
  Read(mains);
  Read(outage);
  Read(outage, 5min);
  const WallTime seen = now.wall;
  outages.Silent();
  CHECK(Read(mains, 10min) == Change::kEnded);
  CHECK(outages.last()->end_earliest == seen);
  CHECK(outages.last()->end == now.wall);
  CHECK(outages.last()->duration == 5min);
  CHECK(outages.last()->gaps == 1);
}

TEST_CASE_FIXTURE(Fixture, "an outage is taken up again after a restart, or its end is a range") {
  Read(mains);
  Read(outage);
  const WallTime seen = now.wall;
  for (const bool is_over : {false, true}) {
    CAPTURE(is_over);
    Outages again(outages.saved_state());
    // Another run, whose steady clock has begun anew.
    const Moment later{std::chrono::steady_clock::time_point(5s), seen + 3min};
    const Change change = again.Read(is_over ? mains : outage, 0, later);
    CHECK(change == (is_over ? Change::kEnded : Change::kNone));
    CHECK(again.saved_state().total == 1);
    if (is_over) {
      CHECK(again.last()->end_earliest == seen);
    } else {
      CHECK(again.running()->duration == 3min);
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "a clock that jumps does not stretch an outage") {
  Read(mains);
  Read(outage);
  now.wall += 8760h;
  Read(outage, 1min);
  CHECK(outages.running()->duration == 1min);
  Outages again(outages.saved_state());
  again.Read(outage, 0, {now.steady, now.wall - 3h});
  CHECK(again.running()->duration == 1min);
}

TEST_CASE_FIXTURE(Fixture, "the newest hundred are kept, and all are counted") {
  Read(mains);
  for (int i = 0; i < 130; ++i) {
    Read(outage);
    Read(mains);
  }
  CHECK(outages.saved_state().records.size() == Outages::kMost);
  CHECK(outages.saved_state().total == 130);
}
