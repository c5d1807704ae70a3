// Energy that the inverter gave, as far as the load is known: totals that never fall. What was not saved is not told,
// or a restart would take it back. Pure.

#pragma once

#include <chrono>
#include <optional>

namespace aims {

class Energy {
 public:
  using Seconds = std::chrono::duration<double>;
  using Time = std::chrono::steady_clock::time_point;

  // Wh, ever.
  struct SavedState {
    double on_battery = 0;
    double total = 0;

    bool operator==(const SavedState&) const = default;
  };

  explicit Energy(const SavedState& state) : state_(state), told_(state) {}

  // `power` W were given for `time` until now; the Wh that this was on battery come back.
  double Add(double power, Seconds time, bool on_battery, Time now) {
    if (!saved_at_) saved_at_ = now;
    const double energy = power * time.count() / 3600;
    state_.total += energy;
    if (!on_battery) return 0;
    state_.on_battery += energy;
    return energy;
  }

  // True when enough has come together to be saved: 10 Wh, or what 10 min brought.
  bool IsDue(Time now) const {
    const double unsaved = state_.total - told_.total;
    return unsaved >= kStep || (unsaved > 0 && now - *saved_at_ >= kLongest);
  }
  void OnSaved(const SavedState& saved, Time now) {
    told_ = saved;
    saved_at_ = now;
  }

  const SavedState& saved_state() const { return state_; }
  const SavedState& told() const { return told_; }

 private:
  static constexpr double kStep = 10;  // Wh
  static constexpr std::chrono::minutes kLongest{10};

  SavedState state_;
  SavedState told_;
  std::optional<Time> saved_at_;
};

}  // namespace aims
