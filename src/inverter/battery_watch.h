// Whether a battery looks as if it will not hold, told before the outage in which it would not: on mains its voltage
// stays below float for half a day, falls, or is near nothing. Pure.

#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace aims {

class BatteryWatch {
 public:
  using Seconds = std::chrono::duration<double>;

  // On mains for `time`, at `voltage` V of the pack. `float_voltage`: where float begins, V of the pack; `nominal`: V.
  void OnMains(double voltage, std::optional<double> float_voltage, std::optional<double> nominal, Seconds time) {
    const bool is_nothing = voltage < (nominal ? *nominal / 2 : kNothing);
    near_nothing_ = is_nothing ? near_nothing_ + time : Seconds(0);
    const bool is_low = float_voltage && voltage < *float_voltage;
    below_float_ = is_low ? below_float_ + time : Seconds(0);
    well_ = is_low || is_nothing ? Seconds(0) : well_ + time;

    mean_ = mean_ ? *mean_ + (voltage - *mean_) * std::min(1.0, time / kSmooth) : voltage;
    since_anchor_ += time;
    if (!anchor_ || !is_low) anchor_ = mean_;
    const bool falls = is_low && nominal && *mean_ < *anchor_ - kFall * *nominal / 12;
    if (since_anchor_ >= kAnchorHolds) {
      anchor_ = mean_;
      since_anchor_ = Seconds(0);
    }
    if (near_nothing_ >= kNothingIsReal || below_float_ >= kTooLong || falls) is_problem_ = true;
    if (well_ >= kWellAgain) is_problem_ = false;
  }

  // What is low after a discharge is no wonder.
  void OnBattery() {
    near_nothing_ = below_float_ = well_ = since_anchor_ = Seconds(0);
    mean_.reset();
    anchor_.reset();
  }

  bool is_problem() const { return is_problem_; }

 private:
  static constexpr double kNothing = 3;  // V
  static constexpr double kFall = 0.3;   // V per 12 V, within hours
  static constexpr Seconds kNothingIsReal{60};
  static constexpr Seconds kTooLong{12 * 3600};
  static constexpr Seconds kWellAgain{600};
  static constexpr Seconds kSmooth{600};
  static constexpr Seconds kAnchorHolds{4 * 3600};

  Seconds near_nothing_{0};
  Seconds below_float_{0};
  Seconds well_{0};
  Seconds since_anchor_{0};
  std::optional<double> mean_;    // V
  std::optional<double> anchor_;  // V, the mean some hours ago
  bool is_problem_ = false;
};

}  // namespace aims
