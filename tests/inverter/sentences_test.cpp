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
  CHECK(Changes(kMains, kOutage, Supply::kOutage).empty());
}

TEST_CASE("a test and battery priority are not called a failure") {
  for (const Supply supply : {Supply::kTest, Supply::kBatteryPriority}) {
    CHECK(OnBattery(supply, kOutage).level == LogLevel::kInfo);
    CHECK(OnBattery(supply, kOutage).text.find("failed") == std::string::npos);
  }
  CHECK(BackOnUtility(kMains).text.starts_with("back on utility power: "));
}

TEST_CASE("only in an outage a low battery means that the output will go off") {
  Reading low = kOutage;
  low.battery_low = true;
  const auto line = [&](Supply supply) { return Changes(kOutage, low, supply).at(0); };
  CHECK(line(Supply::kOutage).text.find("turn its output off soon") != std::string::npos);
  for (const Supply supply : {Supply::kUtility, Supply::kTest, Supply::kBatteryPriority}) {
    CHECK(line(supply).text.find("output") == std::string::npos);
  }
}

TEST_CASE("a utility that is refused is named with its voltage") {
  Outage outage;
  outage.cause = Cause::kMainsPresent;
  Reading refused = kOutage;
  refused.utility_voltage = 118.2;
  CHECK(Began(outage, refused)
            .text.starts_with("on battery although the utility shows 118 V, so this counts as an outage"));
  outage.interruptions = 2;
  CHECK(Ended(outage, kMains).text.starts_with("utility power is back after 0 s on battery in 3 parts"));
}

TEST_CASE("the other flags are a line each way") {
  Reading low = kMains;
  low.battery_low = true;
  REQUIRE(Changes(kMains, low, Supply::kUtility).size() == 1);
  CHECK(Changes(kMains, low, Supply::kUtility)[0].level == LogLevel::kWarning);
  CHECK(Changes(low, kMains, Supply::kUtility)[0].level == LogLevel::kInfo);
}

TEST_CASE("measurements are not worth a line") {
  Reading later = kMains;
  later.utility_voltage = 130;
  later.load.reset();
  CHECK(Changes(kMains, later, Supply::kUtility).empty());
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
