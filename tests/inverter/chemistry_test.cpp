#include "inverter/chemistry.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace aims;

namespace {

constexpr BatteryType kTypes[] = {BatteryType::kFlooded, BatteryType::kAgm, BatteryType::kGel, BatteryType::kLifepo4};

}  // namespace

TEST_CASE("the tables rise, or fall, all the way") {
  for (const BatteryType type : kTypes) {
    const Chemistry& of = Of(type);
    CAPTURE(static_cast<int>(type));
    CHECK(std::is_sorted(of.rates.begin(), of.rates.end(), [](auto a, auto b) { return a.rate < b.rate; }));
    CHECK(std::is_sorted(of.rates.begin(), of.rates.end(), [](auto a, auto b) { return a.share > b.share; }));
    CHECK(std::is_sorted(of.loaded.begin(), of.loaded.end(), [](auto a, auto b) { return a.voltage < b.voltage; }));
    CHECK(std::is_sorted(of.loaded.begin(), of.loaded.end(), [](auto a, auto b) { return a.charge < b.charge; }));
    CHECK(of.loaded.front().charge == 0);
    CHECK(of.loaded.back().charge == 1);
    CHECK(ShareAt(of, 0.05, 0) == doctest::Approx(1));
  }
}

// Data sheets of Sunnyway SW12140E, Haze HZB12-28, YHI NP125; Trojan T-105.
TEST_CASE("what published tables deliver is met within a tenth") {
  struct Row {
    BatteryType type;
    double rate, share;
  };
  for (const Row& row : {Row{BatteryType::kAgm, 0.171, 0.857}, Row{BatteryType::kAgm, 0.329, 0.657},
                         Row{BatteryType::kAgm, 0.6, 0.6}, Row{BatteryType::kAgm, 0.632, 0.632},
                         Row{BatteryType::kAgm, 1.057, 0.529}, Row{BatteryType::kFlooded, 0.333, 0.639},
                         Row{BatteryType::kFlooded, 0.111, 0.828}, Row{BatteryType::kFlooded, 0.0111, 1.111}}) {
    CAPTURE(row.rate);
    CHECK(ShareAt(Of(row.type), row.rate, 0) == doctest::Approx(row.share).epsilon(0.1));
  }
}

TEST_CASE("one hour's capacity is met exactly, and the 20-hour rate stays") {
  for (const BatteryType type : kTypes) {
    for (const double in_1h : {0.4, 0.6, 0.8, 1.0}) {
      CHECK(ShareAt(Of(type), in_1h, in_1h) == doctest::Approx(in_1h));
      CHECK(ShareAt(Of(type), 0.05, in_1h) == doctest::Approx(1));
      CHECK(ShareAt(Of(type), 0.02, in_1h) >= 1);
    }
  }
}

TEST_CASE("the sag of the load is put back before the voltage is looked up") {
  const Chemistry& agm = Of(BatteryType::kAgm);
  CHECK(ChargeAt(agm, 12.0, 0).mean == doctest::Approx(0.44));
  CHECK(ChargeAt(agm, 11.9, 0.2).mean == doctest::Approx(0.44));
  CHECK(ChargeAt(agm, 5, 0).mean == 0);
  CHECK(ChargeAt(agm, 15, 0).mean == 1);
}

TEST_CASE("LiFePO4's voltage is sure at its end, and hardly anywhere else") {
  const Chemistry& lithium = Of(BatteryType::kLifepo4);
  CHECK(ChargeAt(lithium, 13.1, 0).sigma > 0.2);
  CHECK(ChargeAt(lithium, 12.0, 0).sigma < 0.05);
}

TEST_CASE("the more a rate takes away, the more it is doubted; a data sheet helps") {
  CHECK(RateDoubt(0.5, false) > RateDoubt(0.9, false));
  CHECK(RateDoubt(0.5, true) < RateDoubt(0.5, false));
  CHECK(RateDoubt(1.1, false) > 0);
}
