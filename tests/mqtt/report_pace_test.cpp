#include "mqtt/report_pace.h"

#include <doctest/doctest.h>

#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  ReportPace pace{10s, 1s};
  ReportPace::Time now{1000s};
  Reading utility = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);

  Fixture() { Tell(utility); }

  // Whether a poll that brings `reading` is told.
  bool Tell(const Reading& reading, std::chrono::milliseconds later = 1s) {
    now += later;
    const Snapshot snapshot{reading, true};
    const bool is_due = pace.IsDue(snapshot, now);
    if (is_due) pace.OnTold(snapshot, now);
    return is_due;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what does not change is told once a minute") {
  int told = 0;
  for (int i = 0; i < 180; ++i) told += Tell(utility);
  CHECK(told == 3);
}

TEST_CASE_FIXTURE(Fixture, "measurements that change are told at the report interval on the utility") {
  int told = 0;
  for (int i = 0; i < 100; ++i) {
    *utility.utility_voltage += 0.1;
    told += Tell(utility);
  }
  CHECK(told == 10);
}

TEST_CASE_FIXTURE(Fixture, "a poll that comes a hair early is not put off to the next one") {
  int told = 0;
  for (int i = 0; i < 100; ++i) {
    *utility.utility_voltage += 0.1;
    told += Tell(utility, i % 2 == 0 ? 997ms : 1003ms);
  }
  CHECK(told == 10);
}

TEST_CASE_FIXTURE(Fixture, "on battery they are told every 2 s, or faster where the owner wants it") {
  Tell(outage);
  int told = 0;
  for (int i = 0; i < 20; ++i) {
    outage.battery_voltage -= 0.1;
    told += Tell(outage);
  }
  CHECK(told == 10);

  pace = ReportPace(1s, 1s);
  Tell(outage);
  outage.battery_voltage -= 0.1;
  CHECK(Tell(outage));
}

TEST_CASE_FIXTURE(Fixture, "any change of a flag is told at once") {
  for (const auto flag : {&Reading::battery_low, &Reading::avr_active, &Reading::ups_failed, &Reading::line_interactive,
                          &Reading::self_test, &Reading::shutdown_flag, &Reading::beeper}) {
    utility.*flag = !(utility.*flag);
    CHECK(Tell(utility, 1ms));
    CHECK_FALSE(Tell(utility, 1ms));
  }
}

TEST_CASE_FIXTURE(Fixture, "who is logged in to the NUT server is told at once, also where one takes another's place") {
  Snapshot snapshot{utility, true};
  const auto told = [&](std::vector<NutClient> clients) {
    snapshot.nut_clients = std::move(clients);
    now += 1ms;
    const bool is_due = pace.IsDue(snapshot, now);
    if (is_due) pace.OnTold(snapshot, now);
    return is_due;
  };
  CHECK(told({}));
  CHECK_FALSE(told({}));
  CHECK(told({{"pve", "192.168.1.20"}}));
  CHECK(told({{"nas", "192.168.1.21"}}));
  CHECK_FALSE(told({{"nas", "192.168.1.21"}}));
}

TEST_CASE_FIXTURE(Fixture, "a number that becomes unknown is told at once") {
  utility.load.reset();
  CHECK(Tell(utility, 1ms));
}

TEST_CASE_FIXTURE(Fixture, "a state without a reading is told once a minute, too") {
  const auto silent = [&] {
    now += 1s;
    const bool is_due = pace.IsDue({}, now);
    if (is_due) pace.OnTold({}, now);
    return is_due;
  };
  CHECK(silent());
  int told = 0;
  for (int i = 0; i < 120; ++i) told += silent();
  CHECK(told == 2);
}

TEST_CASE_FIXTURE(Fixture, "at least once a minute, also where polls are 40 s apart") {
  pace = ReportPace(3600s, 40s);
  for (int i = 0; i < 10; ++i) CHECK(Tell(utility, 40s));
}

TEST_CASE_FIXTURE(Fixture, "fast polls do not make the report interval shorter") {
  pace = ReportPace(1s, 50ms);
  Tell(utility);
  int told = 0;
  for (int i = 0; i < 400; ++i) {
    *utility.utility_voltage += 0.1;
    told += Tell(utility, 50ms);
  }
  CHECK(told == 20);
}
