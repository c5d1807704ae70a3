#include "base/log_once.h"

#include <doctest/doctest.h>

#include "base/backoff.h"

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

TEST_CASE("after 1 s, after 2 s, then every 3 s, for ever") {
  Backoff backoff;
  CHECK(backoff.Next() == 1s);
  CHECK(backoff.Next() == 2s);
  for (int i = 0; i < 1000; ++i) CHECK(backoff.Next() == 3s);
  backoff.Reset();
  CHECK(backoff.Next() == 1s);
}
