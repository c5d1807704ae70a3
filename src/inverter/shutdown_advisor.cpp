#include "inverter/shutdown_advisor.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/time.h"

namespace aims {
namespace {

// What the inverter measures, and not what was counted.
bool IsHard(const ShutdownAdvisor::Reason& reason) {
  using Why = ShutdownAdvisor::Why;
  return reason.why == Why::kBatteryLow || reason.why == Why::kCutoff;
}

}  // namespace

void ShutdownAdvisor::Follow(const Input& input, Time now) {
  FollowUtility(input, now);
  FollowConditions(input, now);
  FollowEnd(input, now);
  FollowStart(input, now);
}

// The advice ends when the utility has held.
void ShutdownAdvisor::FollowUtility(const Input& input, Time now) {
  const bool is_there = input.is_utility_there && !input.silent_for;
  if (is_there && !mains_since_) mains_since_ = now;
  if (!is_there) mains_since_.reset();
  if (input.in_outage || !mains_since_ || now - *mains_since_ < options_.restore_delay) return;
  is_advised_ = is_requested_ = false;
  reasons_.clear();
}

// A failure of seconds does not end that it is safe: each would be two lines in Home Assistant's Activity, and a start
// of what never stopped. One that comes again before the utility was stable is one failure.
void ShutdownAdvisor::FollowStart(const Input& input, Time now) {
  const bool is_charged = !input.charge || *input.charge >= options_.restart_charge;
  const Duration held = mains_since_ ? now - *mains_since_ : Duration(0);
  if (held >= kShortFailure) failing_since_.reset();
  if (!mains_since_ && !failing_since_) failing_since_ = now;
  const bool is_away = !mains_since_ || *mains_since_ == now;  // until now
  const bool is_long = failing_since_ && is_away && now - *failing_since_ >= kShortFailure;
  if (is_advised_ || is_long) {
    is_safe_to_start_ = false;
  } else if (mains_since_) {
    is_safe_to_start_ = is_charged && (is_safe_to_start_ || held >= kMainsHeld);
  }
}

void ShutdownAdvisor::Request() {
  is_requested_ = true;
  is_advised_ = true;
}

// In an interruption the conditions' times go on: a utility that is taken for seconds fills no battery.
void ShutdownAdvisor::FollowConditions(const Input& input, Time now) {
  if (!input.in_outage && !input.is_interrupted) {
    met_since_ = {};
    return;
  }
  const std::vector<Reason> met = Met(input);
  for (size_t i = 0; i < met_since_.size(); ++i) {
    const bool is_met =
        std::any_of(met.begin(), met.end(), [&](const Reason& reason) { return static_cast<size_t>(reason.why) == i; });
    if (!is_met) met_since_[i].reset();
    if (is_met && !met_since_[i]) met_since_[i] = now;
  }
  if (!input.in_outage) return;
  std::vector<Reason> counting;
  std::copy_if(met.begin(), met.end(), std::back_inserter(counting),
               [&](const Reason& reason) { return Counts(reason, input, now); });
  if (is_requested_) counting.push_back({Why::kRequested, 1});
  if (counting.empty()) return;
  is_advised_ = true;
  is_battery_ending_ = is_battery_ending_ || std::any_of(counting.begin(), counting.end(), IsHard);
  reasons_ = std::move(counting);
}

// What is met has held for the delay, and the outage is no test.
bool ShutdownAdvisor::Counts(const Reason& reason, const Input& input, Time now) const {
  const bool may_be_inrush = IsHard(reason) || reason.why == Why::kRuntime;
  const Duration delay = may_be_inrush ? std::max<Duration>(options_.delay, kInrush) : options_.delay;
  const Duration is_no_test = reason.why == Why::kBatteryLow ? kLowIsNoTest : kIsNoTest;
  if (input.may_be_test && input.on_battery_for < is_no_test) return false;
  return now - *met_since_[static_cast<size_t>(reason.why)] >= delay;
}

void ShutdownAdvisor::FollowEnd(const Input& input, Time now) {
  const auto is_met = [&](Why why) { return met_since_[static_cast<size_t>(why)].has_value(); };
  if (input.in_outage && (is_met(Why::kBatteryLow) || is_met(Why::kCutoff))) return not_ending_since_.reset();
  if (!not_ending_since_) not_ending_since_ = now;
  if (now - *not_ending_since_ >= kEndingHolds) is_battery_ending_ = false;
}

// While the inverter has not been silent for long, what it said last counts, and nothing that is guessed.
std::vector<ShutdownAdvisor::Reason> ShutdownAdvisor::Met(const Input& input) const {
  std::vector<Reason> met;
  if (input.battery_low) met.push_back({Why::kBatteryLow, 1});
  if (input.voltage && input.cutoff_voltage && *input.voltage <= *input.cutoff_voltage) {
    met.push_back({Why::kCutoff, *input.voltage, *input.cutoff_voltage});
  }
  if (input.silent_for && *input.silent_for < kSilenceCounts) return met;
  if (input.charge && *input.charge <= options_.charge) {
    met.push_back({Why::kCharge, *input.charge, options_.charge});
  }
  if (input.runtime && *input.runtime <= InSeconds(options_.runtime)) {
    met.push_back({Why::kRuntime, *input.runtime, InSeconds(options_.runtime)});
  }
  const auto limit = options_.voltage ? options_.voltage : input.safety_voltage;
  if (input.voltage && limit && *input.voltage <= *limit) {
    met.push_back({Why::kVoltage, *input.voltage, *limit});
  }
  if (options_.after && input.on_battery_for >= *options_.after) {
    met.push_back({Why::kAfter, InSeconds(input.on_battery_for), InSeconds(*options_.after)});
  }
  return met;
}

}  // namespace aims
