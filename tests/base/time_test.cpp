#include "base/time.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;

TEST_CASE("a time is written as Home Assistant takes it, and read back") {
  const WallTime time = std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + 21h + 4min + 250ms;
  CHECK(FormatTime(time) == "2024-02-29T21:04:00.250+00:00");
  CHECK(ParseTime("2024-02-29T21:04:00.250+00:00") == time);
  CHECK(FormatTime(WallTime{}) == "1970-01-01T00:00:00.000+00:00");
}

TEST_CASE("a clock that is far off is written as the first or the last moment that can be") {
  CHECK(FormatTime(WallTime{} - 1ms) == "1970-01-01T00:00:00.000+00:00");
  CHECK(FormatTime(WallTime::max()) == "9999-12-31T23:59:59.999+00:00");
}

TEST_CASE("what is not exactly a time is none") {
  for (const char* text :
       {"", "now", "2023-02-29T21:04:00.250+00:00", "2024-02-29T24:00:00.000+00:00", "2024-02-29T21:60:00.000+00:00",
        "2024-13-01T00:00:00.000+00:00", "2024-02-29T21:04:00.250+01:00", "2024-02-29T21:04:00.250Z",
        "2024-02-29 21:04:00.250+00:00", "2024-02-29T21:04:00.250+00:00 ", "1969-12-31T23:59:59.999+00:00",
        "202a-02-29T21:04:00.250+00:00"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseTime(text));
  }
}
