#include "base/save_pace.h"

#include <doctest/doctest.h>

#include <set>

using namespace aims;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  SavePace pace{60s, 10};
  SavePace::Time now{1000s};

  std::chrono::nanoseconds Wait() { return pace.DueAfterChange(now) - now; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "outages that come now and then are saved at once, when they begin and when they end") {
  for (int i = 0; i < 100; ++i) {
    CHECK(Wait() == 0s);
    now += 10s;
  }
}

TEST_CASE_FIXTURE(Fixture, "after five in a minute it is once a minute, until there was nothing for five minutes") {
  for (int i = 0; i < 9; ++i) {
    CHECK(Wait() == 0s);
    now += 1s;
  }
  CHECK(Wait() == 59s);
  now += 30s;
  CHECK(Wait() == 29s);
  std::set<SavePace::Time> saves;
  for (const auto end = now + 10min; now < end; now += 1s) saves.insert(pace.DueAfterChange(now));
  CHECK(saves.size() <= 11);
  CHECK(saves.size() >= 9);
  now += 6min;
  CHECK(Wait() == 0s);
  now += 1s;
  CHECK(Wait() == 0s);
}

TEST_CASE_FIXTURE(Fixture, "a change every few minutes keeps it at its pace, and loses nothing") {
  for (int i = 0; i < 10; ++i) Wait();
  now += 4min;
  CHECK(Wait() == 0s);
  now += 10s;
  CHECK(Wait() == 50s);
}
