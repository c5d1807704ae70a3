#include "page/save_times.h"

#include <doctest/doctest.h>

using namespace aims::page;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  SaveTimes times;
  SaveTimes::Time now{1000s};

  bool IsDue(std::chrono::seconds after, bool is_outage_over = false, bool has_unsaved = true) {
    now += after;
    return times.IsDue(now, is_outage_over, has_unsaved);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "rows are saved every six hours, not at the start") {
  CHECK_FALSE(IsDue(0s));
  CHECK_FALSE(IsDue(6h - 1s));
  CHECK(IsDue(1s));
  CHECK_FALSE(IsDue(1s));
  CHECK(IsDue(6h));
}

TEST_CASE_FIXTURE(Fixture, "rows are saved at an outage's end, and once more with the row in which it ended") {
  CHECK_FALSE(IsDue(0s));
  CHECK(IsDue(1h, true));
  CHECK_FALSE(IsDue(10min - 1s));
  CHECK(IsDue(1s));
  CHECK_FALSE(IsDue(6h - 1s));
  CHECK(IsDue(1s));
}

TEST_CASE_FIXTURE(Fixture, "without a row to save nothing is saved, until there is one") {
  CHECK_FALSE(IsDue(0s));
  CHECK_FALSE(IsDue(1h, true, false));
  CHECK_FALSE(IsDue(10min, false, false));
  CHECK(IsDue(1s));
  CHECK_FALSE(IsDue(1s));
}

TEST_CASE_FIXTURE(Fixture, "mains that fail again and again do not put off what is due") {
  CHECK_FALSE(IsDue(0s));
  CHECK(IsDue(1h, true));
  for (int i = 0; i < 9; ++i) CHECK_FALSE(IsDue(1min, true, false));
  CHECK(IsDue(1min));
}
