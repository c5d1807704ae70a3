#include "base/log_once.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;

TEST_CASE("each kind of trouble is new once, until all was well") {
  LogOncePerKind troubles;
  CHECK_FALSE(troubles.Any());
  CHECK(troubles.IsNew(ErrorCode::kBusy));
  CHECK_FALSE(troubles.IsNew(ErrorCode::kBusy));
  CHECK(troubles.IsNew(ErrorCode::kBadOption));
  CHECK_FALSE(troubles.IsNew(ErrorCode::kBusy));
  CHECK(troubles.Has(ErrorCode::kBusy));
  CHECK_FALSE(troubles.Has(ErrorCode::kTimeout));
  troubles.Clear();
  CHECK_FALSE(troubles.Any());
  CHECK(troubles.IsNew(ErrorCode::kBusy));
}

TEST_CASE("what is said again and again is new once, and after ten seconds without it") {
  LogThrottle repeats;
  LogThrottle::Time now{};
  CHECK(repeats.IsNew("a", now));
  for (int i = 0; i < 100; ++i) CHECK_FALSE(repeats.IsNew("a", now += 1s));
  CHECK(repeats.IsNew("b", now));
  CHECK_FALSE(repeats.IsNew("a", now));
  CHECK(repeats.IsNew("a", now += 10s));
}

TEST_CASE("a thousand different lines are not all remembered") {
  LogThrottle repeats;
  int said = 0;
  for (int i = 0; i < 1000; ++i) said += repeats.IsNew(std::to_string(i), LogThrottle::Time{});
  CHECK(said == 100);
}

TEST_CASE("each line is news once, until all is well again, and there are few of them") {
  LogOncePerLine lines;
  CHECK(lines.IsNew("no broker"));
  CHECK(lines.IsNew("no Supervisor"));
  CHECK_FALSE(lines.IsNew("no broker"));
  for (int i = 0; i < 100; ++i) lines.IsNew(std::to_string(i));
  CHECK_FALSE(lines.IsNew("one more"));
  lines.Clear();
  CHECK(lines.IsNew("no broker"));
}
