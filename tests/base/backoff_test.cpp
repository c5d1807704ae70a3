#include "base/backoff.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;

TEST_CASE("after 1 s, after 2 s, then every 3 s, for ever") {
  Backoff backoff;
  CHECK(backoff.Next() == 1s);
  CHECK(backoff.Next() == 2s);
  for (int i = 0; i < 1000; ++i) CHECK(backoff.Next() == 3s);
  backoff.Reset();
  CHECK(backoff.Next() == 1s);
}
