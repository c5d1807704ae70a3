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
    return ReadAs(reading, reading.on_battery ? std::optional(Cause::kNoMains) : std::nullopt, later, energy);
  }
  Change ReadAs(const Reading& reading, std::optional<Cause> cause, std::chrono::milliseconds later = 1s,
                double energy = 0) {
    now.steady += later;
    now.wall += later;
    has_settled = outages.Settle(cause, now);
    return outages.Read(reading, cause, energy, now);
  }
  // On battery because of `cause`, or on the utility, for `time`.
  void Pass(std::optional<Cause> cause, std::chrono::seconds time) {
    for (auto i = 0s; i < time; i += 1s) ReadAs(cause ? outage : mains, cause);
  }
  bool has_settled = false;
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

TEST_CASE_FIXTURE(Fixture, "the worst cause counts: a utility that is back, and not taken, does not make it less") {
  Read(mains);
  CHECK(ReadAs(outage, Cause::kMainsPresent) == Change::kBegan);
  CHECK(ReadAs(outage, Cause::kNoMains) == Change::kWorse);
  CHECK(ReadAs(outage, Cause::kMainsPresent) == Change::kNone);
  CHECK(Read(mains) == Change::kEnded);
  REQUIRE(outages.last());
  CHECK(outages.last()->cause == Cause::kNoMains);
  CHECK(outages.saved_state().total == 1);
}

TEST_CASE_FIXTURE(Fixture, "outages with the utility there that follow each other within a minute are one") {
  for (const Cause cause : {Cause::kMainsPresent, Cause::kOutOfRange}) {
    Fixture each;
    each.Read(each.mains);
    each.Pass(cause, 10s);
    const WallTime begin = each.now.wall - 9s;
    CHECK(each.ReadAs(each.mains, {}) == Change::kInterrupted);
    CHECK_FALSE(each.outages.is_on());
    each.Pass({}, 58s);
    CHECK(each.ReadAs(each.outage, cause) == Change::kResumed);
    CHECK(each.outages.is_on());
    each.Pass(cause, 4s);
    const WallTime end = each.now.wall + 1s;
    each.Pass({}, 60s);
    CHECK_FALSE(each.outages.last());
    CHECK(each.ReadAs(each.mains, {}) == Change::kNone);
    CHECK(each.has_settled);
    REQUIRE(each.outages.last());
    const Outage& last = *each.outages.last();
    CHECK(last.begin == begin);
    CHECK(last.end == end);
    CHECK(last.interruptions == 1);
    CHECK(last.duration == 15s);  // on battery
    CHECK(each.outages.saved_state().total == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "a utility that is gone is another outage, however soon after it was refused") {
  Read(mains);
  Pass(Cause::kMainsPresent, 10s);
  Pass({}, 5s);
  CHECK(ReadAs(outage, Cause::kNoMains) == Change::kBegan);
  CHECK(has_settled);
  CHECK(outages.last()->cause == Cause::kMainsPresent);
  CHECK(outages.saved_state().total == 2);
}

TEST_CASE_FIXTURE(Fixture,
                  "after a minute on the utility another outage begins, also where no reading came meanwhile") {
  Read(mains);
  Pass(Cause::kMainsPresent, 10s);
  Read(mains);
  outages.Silent();
  CHECK(ReadAs(outage, Cause::kMainsPresent, 61s) == Change::kBegan);
  CHECK(has_settled);
  CHECK(outages.saved_state().total == 2);
}

TEST_CASE_FIXTURE(Fixture, "an interruption goes on through a restart, as far as the clock knows") {
  Read(mains);
  Pass(Cause::kMainsPresent, 10s);
  Pass({}, 20s);
  for (const auto away : {20s, 50s}) {
    CAPTURE(away.count());
    Outages again(outages.saved_state());
    const Moment later{std::chrono::steady_clock::time_point(500s), now.wall + away};
    CHECK(again.Settle(Cause::kMainsPresent, later) == (away == 50s));
    CHECK(again.Read(outage, Cause::kMainsPresent, 0, later) == (away == 50s ? Change::kBegan : Change::kResumed));
    CHECK(again.saved_state().total == (away == 50s ? 2 : 1));
  }
}

// Version 1.0.0 took it for no outage, and did not count it.
TEST_CASE_FIXTURE(Fixture,
                  "what an earlier version took for none is counted by the next reading's word, from its begin") {
  Outages::SavedState state;
  state.running = Outage{.begin = now.wall - 10min, .duration = 10min, .cause = Cause::kMainsPresent};
  state.is_counted = false;
  state.last_seen = now.wall;
  outages = Outages(state);
  CHECK_FALSE(outages.is_on());
  SUBCASE("it goes on") {
    CHECK(ReadAs(outage, Cause::kMainsPresent) == Change::kBegan);
    CHECK(outages.is_on());
    CHECK(outages.running()->begin == now.wall - 10min - 1s);
    CHECK(outages.saved_state().total == 1);
  }
  SUBCASE("it is over") {
    CHECK(Read(mains) == Change::kNone);
    CHECK_FALSE(outages.running());
    CHECK(outages.saved_state().total == 0);
  }
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
    const Change change =
        again.Read(is_over ? mains : outage, is_over ? std::nullopt : std::optional(Cause::kNoMains), 0, later);
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
  again.Read(outage, Cause::kNoMains, 0, {now.steady, now.wall - 3h});
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
