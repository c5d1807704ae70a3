#include "page/forecast.h"

#include <doctest/doctest.h>

#include "tests/page/cellar.h"

using namespace aims;
using namespace aims::page;

namespace {

const WallTime kNow{1'700'000'000s};

Snapshot Running(double charge, double runtime) {
  Snapshot snapshot;
  snapshot.battery_charge = charge;
  snapshot.battery_runtime = runtime;
  snapshot.battery_runtime_range = Spread{runtime * 0.9, runtime * 1.1};
  return snapshot;
}

}  // namespace

TEST_CASE("the options that a runtime needs are named, each by its path") {
  InverterOptions options;
  CHECK(ForecastOf({}, options, kNow).missing ==
        std::vector<std::string_view>{"inverters[].rated_power", "batteries[].type", "batteries[].nominal_voltage",
                                      "batteries[].capacity"});
  options = DescribedInverter();
  options.battery.capacity.reset();
  CHECK(ForecastOf({}, options, kNow).missing == std::vector<std::string_view>{"batteries[].capacity"});
}

TEST_CASE("nothing known is nothing said") {
  const Forecast next = ForecastOf({}, DescribedInverter(), kNow);
  CHECK_FALSE(next.runtime);
  CHECK_FALSE(next.advised_in);
  CHECK(next.missing.empty());
}

TEST_CASE("the advice comes with the first of its conditions") {
  InverterOptions options = DescribedInverter();
  options.shutdown.delay = 0s;
  // 60 % fall to 30 % in half of the 6000 s; the least runtime falls to 300 s in 5100 s.
  CHECK(*ForecastOf(Running(60, 6000), options, kNow).advised_in == doctest::Approx(3000));
  options.shutdown.charge = 0;
  CHECK(*ForecastOf(Running(60, 6000), options, kNow).advised_in == doctest::Approx(5100));
  options.shutdown.after = 600s;
  CHECK(*ForecastOf(Running(60, 6000), options, kNow).advised_in == doctest::Approx(600));
  Snapshot on_battery = Running(60, 6000);
  on_battery.in_outage = true;
  on_battery.on_battery_since = kNow - 590s;
  CHECK(*ForecastOf(on_battery, options, kNow).advised_in == doctest::Approx(10));
  options.shutdown.delay = 5s;
  CHECK(*ForecastOf(on_battery, options, kNow).advised_in == doctest::Approx(15));
}

TEST_CASE("on battery without an outage, in a self-test or with battery priority, no advice is foretold") {
  Snapshot on_purpose = Running(60, 6000);
  on_purpose.reading = Reading{.on_battery = true};
  const Forecast next = ForecastOf(on_purpose, DescribedInverter(), kNow);
  CHECK_FALSE(next.advised_in);
  CHECK(next.runtime);
}

TEST_CASE("a condition that holds already is no time in the past, and what is advised is not foretold") {
  InverterOptions options = DescribedInverter();
  CHECK(*ForecastOf(Running(20, 100), options, kNow).advised_in == doctest::Approx(10));  // the delay
  Snapshot advised = Running(20, 100);
  advised.shutdown_advised = true;
  CHECK_FALSE(ForecastOf(advised, options, kNow).advised_in);
}
