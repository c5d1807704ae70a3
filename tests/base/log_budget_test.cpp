#include "base/log_budget.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;

TEST_CASE("what goes on without an end is written a few times a minute, and what was left out is told once a minute") {
  LogBudget budget(5, 6);
  LogBudget::Time now{1000s};
  int written = 0, left_out = 0, told = 0;
  for (const auto end = now + 10min; now < end; now += 100ms) {
    written += budget.Take(now) ? 1 : 0;
    if (const auto count = budget.LeftOut(now)) {
      ++told;
      left_out += static_cast<int>(*count);
    }
  }
  CHECK(written >= 60);
  CHECK(written <= 65);
  CHECK(told >= 8);
  CHECK(told <= 10);
  now += 1min;
  left_out += static_cast<int>(budget.LeftOut(now).value_or(0));
  CHECK(written + left_out == 6000);
  CHECK_FALSE(budget.LeftOut(now + 1h));
}

TEST_CASE("what happens now and then is written") {
  LogBudget budget(5, 6);
  LogBudget::Time now{1000s};
  for (int i = 0; i < 100; ++i, now += 10s) CHECK(budget.Take(now));
  for (int i = 0; i < 5; ++i) CHECK(budget.Take(now + 1h));
  CHECK_FALSE(budget.Take(now + 1h));
}
