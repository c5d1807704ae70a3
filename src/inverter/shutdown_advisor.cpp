#include "inverter/shutdown_advisor.h"

#include <algorithm>

#include "base/time.h"

namespace aims {

void ShutdownAdvisor::Follow(const Input& input, Time now) {
  FollowConditions(input, now);
  FollowStart(input, now);
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

void ShutdownAdvisor::FollowConditions(const Input& input, Time now) {
  const bool on_mains = !input.on_battery && !input.silent_for;
  if (on_mains && !mains_since_) mains_since_ = now;
  if (!on_mains) mains_since_.reset();
  const Duration held = mains_since_ ? now - *mains_since_ : Duration(0);

  if (!input.on_battery) {
    met_since_ = {};
    if (mains_since_ && held >= options_.restore_delay) {
      is_advised_ = is_requested_ = false;
      reasons_.clear();
    }
    return;
  }
  const bool is_only_guessed = input.silent_for && *input.silent_for < kSilenceCounts;
  const std::vector<Reason> met = is_only_guessed ? std::vector<Reason>() : Met(input);
  std::vector<Reason> held_long;
  for (size_t i = 0; i < met_since_.size(); ++i) {
    const auto found = std::find_if(met.begin(), met.end(),
                                    [&](const Reason& reason) { return static_cast<size_t>(reason.why) == i; });
    if (found == met.end()) {
      met_since_[i].reset();
      continue;
    }
    if (!met_since_[i]) met_since_[i] = now;
    const bool may_be_inrush = found->why == Why::kBatteryLow || found->why == Why::kRuntime;
    const Duration delay = may_be_inrush ? std::max<Duration>(options_.delay, kInrush) : options_.delay;
    if (now - *met_since_[i] >= delay) held_long.push_back(*found);
  }
  if (is_requested_) held_long.push_back({Why::kRequested, 1});
  if (held_long.empty()) return;
  is_advised_ = true;
  reasons_ = std::move(held_long);
}

std::vector<ShutdownAdvisor::Reason> ShutdownAdvisor::Met(const Input& input) const {
  std::vector<Reason> met;
  if (input.counts == Counts::kNothing) return met;
  if (input.battery_low) met.push_back({Why::kBatteryLow, 1});
  if (input.counts == Counts::kBatteryLow) return met;
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
