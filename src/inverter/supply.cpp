#include "inverter/supply.h"

#include <algorithm>

namespace aims {
namespace {

using namespace std::chrono_literals;
using Time = SupplyWatch::Time;
using Duration = SupplyWatch::Duration;

constexpr Duration kShortTestTakes = 25s;      // a test of 10 s, and the way to it and back
constexpr Duration kTestAfterLow = 60s;        // a test until low is over soon after that
constexpr Duration kPriorityAfterLow = 10min;  // battery-priority mode goes back to the utility when the battery is low
constexpr Duration kCutoffIsReal = 10s;        // a motor's start takes less
constexpr Duration kGoesBack = 20s;            // an AIMS takes the utility 5 to 15 s after it is back

// For how long it has held; 0: it does not.
Duration Held(std::optional<Time>& since, bool holds, Time now) {
  if (!holds) since.reset();
  if (holds && !since) since = now;
  return since ? now - *since : Duration(0);
}

}  // namespace

Supply SupplyWatch::Read(const Reading& reading, Input input, Moment now) {
  const bool is_fit = input == Input::kInRange;
  const bool was_outage = is_outage_;
  const Duration fit_for = Held(fit_since_, is_fit, now.steady);
  FollowBattery(reading, now.steady);
  FollowTest(reading, is_fit, now);
  const Supply supply = Judge(reading, is_fit, now.steady);
  is_outage_ = supply == Supply::kOutage;
  if (!is_outage_) saved_.is_battery_spent = false;
  was_on_utility_ = !reading.on_battery;
  was_fit_throughout_ = is_fit && (was_fit_throughout_ || !was_outage);
  is_mains_present_ = is_outage_ && is_fit && (was_fit_throughout_ || fit_for >= kGoesBack);
  may_be_test_ = is_outage_ && is_fit && !saved_.is_battery_spent;
  is_utility_there_ = !is_outage_ || (options_.has_battery_priority && is_fit && !saved_.is_battery_spent);
  return supply;
}

void SupplyWatch::FollowBattery(const Reading& reading, Time now) {
  const bool is_low = reading.on_battery && reading.battery_low;
  const bool is_at_cutoff =
      reading.on_battery && options_.cutoff_voltage && reading.battery_voltage <= *options_.cutoff_voltage;
  low_for_ = Held(low_since_, is_low, now);
  low_ago_ = Held(low_came_, reading.on_battery && (is_low || low_came_), now);
  cutoff_for_ = Held(cutoff_since_, is_at_cutoff, now);
}

Supply SupplyWatch::Judge(const Reading& reading, bool is_fit, Time now) {
  if (!reading.on_battery) return Supply::kUtility;
  const bool is_priority = options_.has_battery_priority && is_fit;
  if (is_outage_) {
    const bool is_back = is_priority && !saved_.is_battery_spent && now - *fit_since_ >= options_.restore_delay;
    return is_back ? Supply::kBatteryPriority : Supply::kOutage;
  }
  if (!is_fit) return Supply::kOutage;
  const auto unless = [&](bool is_spent, Supply exception) {
    saved_.is_battery_spent = is_spent || cutoff_for_ >= kCutoffIsReal;
    return saved_.is_battery_spent ? Supply::kOutage : exception;
  };
  if (reading.self_test) return unless(low_ago_ >= kTestAfterLow, Supply::kTest);
  if (saved_.test) return unless(low_for_ >= kTestAfterLow, Supply::kTest);
  if (is_priority) return unless(low_for_ >= kPriorityAfterLow, Supply::kBatteryPriority);
  return Supply::kOutage;
}

// What this program began is a test until it is over: the utility has the load again, or it takes too long to come or
// to end, or the input is no longer fit. A unit that tells of its tests ends one until low by itself.
void SupplyWatch::FollowTest(const Reading& reading, bool is_fit, Moment now) {
  if (!saved_.test) return;
  if (!test_until_) {  // an earlier run began it
    const auto ago = std::clamp<Duration>(now.wall - saved_.test->begin, Duration(0), kShortTestTakes);
    test_until_ = now.steady + kShortTestTakes - ago;
  }
  BegunTest& test = *saved_.test;
  const bool has_time = now.steady < *test_until_ || (test.is_until_low && test.was_on_battery);
  const bool is_back = test.was_on_battery && !reading.on_battery;
  const bool tells = test.is_until_low && reading.self_test;
  test.was_on_battery = reading.on_battery;
  if (!is_fit || !has_time || is_back || tells) DropTest();
}

void SupplyWatch::BeginTest(Command command, Moment now) {
  if (!IsTest(command) || !was_on_utility_) return;
  saved_.test = BegunTest{.is_until_low = command == Command::kSelfTestUntilLow, .begin = now.wall};
  test_until_ = now.steady + kShortTestTakes;
}

}  // namespace aims
