#include "inverter/rehearsal.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "homeassistant/entities.h"
#include "inverter/inverter.h"
#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

// A whole rehearsal, as an inverter with these options takes it.
struct Play {
  int steps = 0;
  std::vector<EventType> events;
  std::set<std::string> statuses;
  Snapshot end;
  std::optional<double> least_charge;
  double largest_fall = 0;                   // points of charge in a step, above 10 %
  std::optional<double> charge_at_advice{};  // %
  double promised = 0, played = 0;           // s

  Play(InverterOptions options, const std::optional<Reading>& like) {
    options.poll_interval = Inverter::kLongestStep;
    Inverter stage(options, {{}, {.battery = {.charge = Belief{0.98, 0.01}}}});
    Rehearsal rehearsal(options.battery, like);
    Inverter::Time time{1000s};
    while (const auto step = rehearsal.Next()) {
      REQUIRE(++steps < 2000);
      const auto goal = time + step->passed;
      const Snapshot before = stage.snapshot();
      if (!step->reading.on_battery && played == 0) promised = before.battery_runtime.value_or(0);
      if (step->reading.on_battery) played += std::chrono::duration<double>(step->passed).count();
      while (time < goal) {
        time = std::min<Inverter::Time>(goal, time + Inverter::kLongestStep);
        const Update update = stage.Apply(step->reading, {time});
        for (const PowerEvent& event : update.events) events.push_back(event.type);
      }
      end = stage.snapshot();
      if (before.battery_charge && end.battery_charge && *before.battery_charge > 10) {
        largest_fall = std::max(largest_fall, *before.battery_charge - *end.battery_charge);
      }
      if (end.shutdown_advised && !charge_at_advice) charge_at_advice = end.battery_charge;
      statuses.insert(std::string(Name(*end.status)));
      if (end.battery_charge) least_charge = std::min(least_charge.value_or(100), *end.battery_charge);
    }
  }

  bool Has(EventType type) const { return std::find(events.begin(), events.end(), type) != events.end(); }
};

InverterOptions With(BatteryType type, double nominal, double capacity, double rated) {
  InverterOptions options;
  options.battery = {.type = type, .nominal_voltage = nominal, .capacity = capacity, .rated_power = rated};
  return options;
}

void CheckWhole(const Play& play) {
  for (const EventType type : {EventType::kPowerLost, EventType::kBatteryLow, EventType::kShutdownAdvised,
                               EventType::kPowerRestored, EventType::kBatteryOk, EventType::kShutdownWithdrawn}) {
    CAPTURE(Name(type));
    CHECK(std::count(play.events.begin(), play.events.end(), type) == 1);
  }
  CHECK_FALSE(play.Has(EventType::kUpsFailed));
  CHECK_FALSE(play.Has(EventType::kBatteryProblem));
  CHECK(play.statuses.contains("Online"));
  CHECK(play.statuses.contains("Battery low"));
  CHECK(play.end.safe_to_start);
  CHECK_FALSE(play.end.shutdown_advised);
  CHECK(play.end.outages.value == 1);
  CHECK(Name(play.end.last_outage_record->cause) == "no mains");
  CHECK(play.steps * Rehearsal::kPace > 30s);
  CHECK(play.steps * Rehearsal::kPace < 5min);
}

}  // namespace

TEST_CASE("a rehearsal has the whole outage in it, whatever the battery") {
  for (const BatteryType type : {BatteryType::kFlooded, BatteryType::kAgm, BatteryType::kGel, BatteryType::kLifepo4}) {
    for (const double nominal : {12.0, 24.0, 48.0}) {
      for (const double capacity : {7.0, 100.0, 1000.0, 10'000.0}) {
        CAPTURE(static_cast<int>(type));
        CAPTURE(nominal);
        CAPTURE(capacity);
        const Play play(With(type, nominal, capacity, 1200), std::nullopt);
        CheckWhole(play);
        // Less than that carries 300 W for minutes at best: it is low almost at once.
        const bool can_carry = capacity * nominal >= 4 * 300;
        CHECK((!can_carry || play.statuses.contains("On battery")));
        CHECK((!can_carry || play.least_charge.value_or(100) <= 10));
        CHECK(play.end.battery_charge == 100);
      }
    }
  }
}

// It fell from 49 % to 6 % in a step, so that all stages of the blueprint began together, and played 195 of 361 min.
TEST_CASE(
    "a rehearsed battery runs down evenly, is advised at the charge that was chosen, and lasts about as long as it "
    "said") {
  for (const BatteryType type : {BatteryType::kFlooded, BatteryType::kAgm, BatteryType::kGel, BatteryType::kLifepo4}) {
    for (const double nominal : {12.0, 24.0, 48.0}) {
      for (const double capacity : {100.0, 200.0, 400.0}) {
        CAPTURE(static_cast<int>(type));
        CAPTURE(nominal);
        CAPTURE(capacity);
        const Play play(With(type, nominal, capacity, 1200), std::nullopt);
        CHECK(play.largest_fall <= 3);
        REQUIRE(play.charge_at_advice);
        CHECK(*play.charge_at_advice >= 27);
        CHECK(*play.charge_at_advice <= 30);
        CHECK(play.played == doctest::Approx(play.promised).epsilon(0.2));
      }
    }
  }
}

// At 60-100 % of load the charge fell by 4 to 11 points in a step.
TEST_CASE("a rehearsed battery runs down evenly under any load") {
  for (const BatteryType type : {BatteryType::kFlooded, BatteryType::kAgm, BatteryType::kGel, BatteryType::kLifepo4}) {
    for (const double capacity : {7.0, 20.0, 50.0, 100.0, 400.0}) {
      for (const double load : {3.0, 10.0, 25.0, 45.0, 60.0, 80.0, 100.0}) {
        CAPTURE(static_cast<int>(type));
        CAPTURE(capacity);
        CAPTURE(load);
        Reading like = *megatec::ParseStatus(frames::kMains);
        like.load = load;
        const Play play(With(type, 12, capacity, 1200), like);
        CheckWhole(play);
        CHECK(play.largest_fall <= 3);
        CHECK(play.charge_at_advice);
        if (!play.charge_at_advice) continue;
        CHECK(*play.charge_at_advice >= 27);
        CHECK(*play.charge_at_advice <= 30);
        CHECK(play.played == doctest::Approx(play.promised).epsilon(0.2));
      }
    }
  }
}

TEST_CASE("a rehearsal of a battery of which nothing is said makes up no charge") {
  const Play play({}, std::nullopt);
  CheckWhole(play);
  CHECK_FALSE(play.least_charge);
  CHECK_FALSE(play.end.battery_charge);
}

TEST_CASE("a rehearsal looks like the real inverter, even while that has an outage or a fault of its own") {
  Reading real = *megatec::ParseStatus(frames::kOutage);
  real.ups_failed = real.battery_low = true;
  Rehearsal rehearsal({}, real);
  const auto first = rehearsal.Next();
  REQUIRE(first);
  CHECK_FALSE(first->reading.on_battery);
  CHECK(first->reading.utility_voltage == 120);
  CHECK(first->reading.load == 23);
  CHECK_FALSE(first->reading.ups_failed);
  CheckWhole(Play({}, real));
}
