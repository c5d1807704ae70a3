#include "inverter/sentences.h"

#include <doctest/doctest.h>

#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;

namespace {
const Reading kMains = *megatec::ParseStatus(frames::kMains);
const Reading kOutage = *megatec::ParseStatus(frames::kOutage);
}  // namespace

TEST_CASE("an outage is one line, and so is its end") {
  Outage outage;
  outage.cause = Cause::kNoMains;
  outage.duration = std::chrono::minutes(52);
  outage.energy = 310;
  outage.lowest_battery_voltage = 11.2;
  CHECK(Began(outage, kOutage).level == LogLevel::kWarning);
  CHECK(Began(outage, kOutage).text ==
        "utility power failed, running on battery: utility 0.0 V, battery 12.1 V, load 23%");
  CHECK(Ended(outage, kMains).level == LogLevel::kInfo);
  CHECK(Ended(outage, kMains).text ==
        "utility power is back after 52 min; 0.31 kWh used, battery down to 11.2 V: utility 111.0 V, battery 13.5 V, "
        "load 0%");
  CHECK(Changes(kMains, kOutage).empty());
}

TEST_CASE("a test and battery priority are not called a failure") {
  Outage outage;
  outage.cause = Cause::kTest;
  CHECK(Began(outage, kOutage).level == LogLevel::kInfo);
  CHECK(Began(outage, kOutage).text.find("failed") == std::string::npos);
  CHECK(Ended(outage, kMains).text.starts_with("back on utility power after 0 s"));
}

TEST_CASE("the other flags are a line each way") {
  Reading low = kMains;
  low.battery_low = true;
  REQUIRE(Changes(kMains, low).size() == 1);
  CHECK(Changes(kMains, low)[0].level == LogLevel::kWarning);
  CHECK(Changes(low, kMains)[0].level == LogLevel::kInfo);
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
