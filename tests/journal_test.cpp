#include "journal.h"

#include <doctest/doctest.h>

#include "frames.h"
#include "megatec.h"

using namespace aims;

namespace {
const Reading kMains = *megatec::ParseStatus(frames::kMains);
const Reading kOutage = *megatec::ParseStatus(frames::kOutage);
}  // namespace

TEST_CASE("an outage is one line, and so is its end") {
  const auto begin = Changes(kMains, kOutage);
  REQUIRE(begin.size() == 1);
  CHECK(begin[0].level == LogLevel::kWarning);
  CHECK(begin[0].text == "utility power failed, running on battery: utility 0.0 V, battery 12.1 V, load 23 %");
  const auto end = Changes(kOutage, kMains);
  REQUIRE(end.size() == 1);
  CHECK(end[0].level == LogLevel::kInfo);
}

TEST_CASE("measurements are not worth a line") {
  Reading later = kMains;
  later.utility_voltage = 130;
  later.load.reset();
  CHECK(Changes(kMains, later).empty());
}

TEST_CASE("a load that was not measured is not in the summary") {
  Reading reading = kMains;
  reading.load.reset();
  CHECK(Summary(reading) == "utility 111.0 V, battery 13.5 V");
}

TEST_CASE("bytes are shown so that they can be told apart, and not too many of them") {
  CHECK(Printable(std::string_view("(1 \x00\xff\r\n", 7)) == "(1 \\x00\\xff\\r\\n");
  CHECK(Printable(std::string(1000, 'x')).size() < 100);
}
