#include "page/history.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/page/cellar.h"

using namespace aims;
using namespace aims::page;

namespace {

struct Fixture {
  Moment now{Inverter::Time(1200s), WallTime(1'700'000'000s)};
  History history;
  Snapshot snapshot;

  Fixture() { snapshot.reading = *megatec::ParseStatus(frames::kMains); }
  void Pass(std::chrono::seconds time) {
    now.steady += time;
    now.wall += time;
  }
  void Add(double battery_voltage, std::chrono::seconds after = 1s) {
    Pass(after);
    snapshot.reading->battery_voltage = battery_voltage;
    history.Add(snapshot, now);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "the last quarter of an hour has a row for each second, and no more than 900 that are over") {
  for (int i = 0; i < 1000; ++i) Add(13.0);
  const auto rows = history.Rows(Period::k15Minutes, now);
  CHECK(rows.size() == 901);
  CHECK(rows.back().begin == 1'700'001'000);
  CHECK(rows.front().begin == 1'700'000'100);
}

TEST_CASE_FIXTURE(Fixture, "a row has the least, the mean and the most of its interval") {
  for (const double voltage : {12.0, 12.5, 13.6}) Add(voltage);
  const auto rows = history.Rows(Period::kDay, now);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].battery_voltage == Volts{120, 127, 136});
  CHECK(rows[0].on_battery == 0);
}

TEST_CASE_FIXTURE(Fixture, "time without a reading is a gap, and no value of before") {
  Add(13.0);
  snapshot.reading.reset();
  for (int i = 0; i < 60; ++i) {
    Pass(1s);
    history.Add(snapshot, now);
  }
  snapshot.reading = *megatec::ParseStatus(frames::kMains);
  Add(12.0);
  const auto rows = history.Rows(Period::k15Minutes, now);
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].begin - rows[0].begin == 61);
}

TEST_CASE_FIXTURE(Fixture, "what is not known has no number") {
  snapshot.reading->load.reset();
  Add(13.0);
  const auto row = history.Rows(Period::k15Minutes, now).at(0);
  CHECK_FALSE(row.load.is_known());
  CHECK_FALSE(row.battery_charge.is_known());
}

TEST_CASE_FIXTURE(Fixture, "values that no row can hold are the nearest that it can") {
  snapshot.reading->utility_voltage = 1e9;
  snapshot.reading->output_voltage = -1e9;
  snapshot.reading->load = 999;
  Add(13.0);
  const auto row = history.Rows(Period::k15Minutes, now).at(0);
  CHECK(row.utility_voltage.mean == 32767);
  CHECK(row.output_voltage.mean == -32767);
  CHECK(row.load.mean == 254);
  CHECK(row.load.is_known());
}

TEST_CASE_FIXTURE(Fixture, "the charge comes with its range") {
  snapshot.battery_charge = 80;
  snapshot.battery_charge_range = Spread{70, 90};
  Add(13.0);
  CHECK(history.Rows(Period::k15Minutes, now).at(0).battery_charge == Percent{70, 80, 90});
}

TEST_CASE_FIXTURE(Fixture, "of an outage a row says for which part of its time it was on battery") {
  Add(13.0);
  snapshot.utility_power = false;
  for (int i = 0; i < 3; ++i) Add(12.0);
  CHECK(history.Rows(Period::kDay, now).at(0).on_battery == 75);
}

// A host without a clock chip starts years back.
TEST_CASE_FIXTURE(Fixture, "when the clock is set, the rows of this run move with it") {
  Add(13.0);
  now.wall += 24h;
  CHECK(history.Rows(Period::k15Minutes, now).at(0).begin == 1'700'000'001 + 86'400);
  now.wall -= 48h;
  CHECK(history.Rows(Period::k15Minutes, now).at(0).begin == 1'700'000'001 - 86'400);
}

TEST_CASE_FIXTURE(Fixture, "rows of ten minutes are to be kept once, and the unfinished one only at the end") {
  for (int i = 0; i < 25; ++i) Add(13.0, 60s);
  CHECK(history.has_unsaved());
  CHECK(history.TakeUnsaved(now, /*all=*/false).size() == 2);
  CHECK(history.TakeUnsaved(now, /*all=*/false).empty());
  CHECK_FALSE(history.has_unsaved());
  CHECK(history.TakeUnsaved(now, /*all=*/true).size() == 1);
  CHECK(history.Rows(Period::k90Days, now).size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "rows of earlier runs come first, as far as 90 days back, and none of the future") {
  std::vector<Row> earlier(3);
  earlier[0].begin = 1'700'000'000 - 600;
  earlier[1].begin = 1'700'000'000 - 91 * 86'400;
  earlier[2].begin = 1'700'000'000 + 7200;
  history = History(earlier);
  Add(13.0);
  const auto rows = history.Rows(Period::k90Days, now);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].begin == earlier[0].begin);
  CHECK(history.Rows(Period::kDay, now).size() == 1);
  CHECK(history.TakeUnsaved(now, /*all=*/false).empty());
}

TEST_CASE_FIXTURE(Fixture,
                  "rows are in the order of their times, also where the clock was set back since the earlier run") {
  std::vector<Row> earlier(2);
  earlier[0].begin = 1'700'000'000 + 1200;
  earlier[1].begin = 1'700'000'000 + 3000;
  history = History(earlier);
  for (int i = 0; i < 6; ++i) Add(13.0, 600s);
  const auto rows = history.Rows(Period::k90Days, now);
  REQUIRE(rows.size() == 8);
  CHECK(std::is_sorted(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.begin < b.begin; }));
}

TEST_CASE_FIXTURE(Fixture, "after 100 days there are 90, in all") {
  for (int i = 0; i < 100 * 144; ++i) Add(13.0, 600s);
  CHECK(history.Rows(Period::k90Days, now).size() == 90 * 144 + 1);
  CHECK(history.Rows(Period::kDay, now).size() == 144 + 1);
}
