// What a battery still holds, and for how long it lasts: Ah are counted, the voltage under load is heard, and both are
// weighed in each discharge (charge_estimator.h). Nothing is invented: what the owner has not said and what was not
// seen is unknown, and what is known comes with its uncertainty.
//
// How well this does is measured on discharges of real batteries and on published tables: scripts/bench battery.
// Pure.

#pragma once

#include <chrono>
#include <optional>

#include "inverter/charge_estimator.h"
#include "inverter/chemistry.h"

namespace aims {

inline constexpr int kNominalVoltages[] = {12, 24, 48};  // V

// What the owner says of a battery and of the inverter's part in it. Empty: not said.
struct BatteryOptions {
  std::optional<BatteryType> type{};
  std::optional<double> nominal_voltage{};  // V: 12, 24 or 48
  std::optional<double> capacity{};         // Ah, at the 20-hour rate
  std::optional<double> capacity_1h{};      // Ah, delivered in 1 h
  std::optional<double> rated_power{};      // VA, what the inverter calls 100 %
  double power_factor = 1;
  double efficiency = 0.9;
  std::optional<double> idle_power{};      // W, of the inverter without a load; else 2 % of rated_power
  std::optional<double> charge_current{};  // A, of the charger
  std::optional<double> cutoff_voltage{};  // V, of the pack; else 10.5 V, or 11.2 V of LiFePO4, per 12 V
};

// True where enough is said to estimate charge and runtime.
bool IsDescribed(const BatteryOptions& options);

// A value, and the range in which it lies in four of five cases.
struct Range {
  double value = 0;
  double least = 0;
  double most = 0;
};

class Battery {
 public:
  using Seconds = std::chrono::duration<double>;

  // What outlives a restart.
  struct SavedState {
    std::optional<Belief> charge{};  // 0-1
    std::optional<Belief> bias{};    // of the charge that the voltage says; empty: not learned
    std::optional<Belief> drain{};   // how fast the charge falls against what the options say; empty: not learned
    bool on_battery = false;
    double load = 0;  // %, the last

    bool operator==(const SavedState&) const = default;
  };

  explicit Battery(const BatteryOptions& options);
  Battery(const BatteryOptions& options, const SavedState& saved);

  // The inverter was on mains, or on battery, for `time`; `voltage` is the pack's in V, `load` in % of the maximum.
  void OnMains(double voltage, std::optional<double> load, Seconds time);
  // `is_low`: the inverter says that the battery is low.
  void OnBattery(double voltage, std::optional<double> load, bool is_low, Seconds time);
  // The inverter was silent for `time`. Where it was on battery before, it is taken to be still, at the same load.
  void Unseen(Seconds time);
  // Nothing is known of `time`: the program did not run, or the machine slept. The next reading is after that.
  void OnGap(Seconds time);

  std::optional<Range> charge() const;   // 0-1; empty: unknown
  std::optional<Range> runtime() const;  // s to the cut-off, on battery or if it were on it; empty: unknown
  // s that the voltage by itself allows, without what was counted; 0 at or below the cut-off. Empty: as runtime().
  std::optional<double> RuntimeByVoltage() const;
  // What the battery holds, as a share of what the options say; empty until that is known within 10 points.
  std::optional<double> health() const;
  // The same with its range, as soon as a discharge taught anything.
  std::optional<Range> learned() const;
  SavedState saved_state() const;
  // How often the runtime jumped up, because it had been far too short.
  int corrections() const { return corrections_; }

  // Power at the output in W; nothing while it is not known. 000 is unknown on mains, where it may not be measured, and
  // half a percent on battery, for less than one is reported so.
  std::optional<double> LoadPower(std::optional<double> load, bool on_battery) const;

  // Below this for half a day on mains something is wrong, in V of the pack; nothing while type or nominal voltage are
  // not known.
  std::optional<double> LowestHeld() const;
  // V of the pack at which the inverter switches off: the owner's, or the usual one; nothing while the nominal voltage
  // is not known.
  std::optional<double> Cutoff() const;
  // 12 V blocks in the pack; nothing while the nominal voltage is not known.
  std::optional<double> Blocks() const;

 private:
  // A mean that forgets, and that does not take the first value it hears for an old one.
  struct Mean {
    double value = 0;
    double heard = 0;

    void Follow(double now, double passed, double span);
  };

  void FollowLoad(Seconds time);
  void FollowUnseenReturn();
  void Begin();
  Belief Witnessed(double rate) const;
  void Follow(Seconds time);
  void End();
  void Discharge(Seconds time, bool is_seen);
  void Charge(double block, Seconds time);
  void LookForFull(double block, Seconds time);
  std::optional<Belief> Believed() const;
  Belief Drain() const;
  Seconds NeedsAtFloat() const;
  double BatteryPower(double load) const;
  double PowerDoubt(double load) const;
  double RateAt(double power, double voltage) const;
  double RateToCome() const;
  double WholeAt(double rate) const;
  double ChargeAtCutoff(double rate) const;
  double ShareIn1h() const;

  BatteryOptions options_;
  int corrections_ = 0;
  const Chemistry* chemistry_ = nullptr;
  std::optional<Belief> charge_;  // when the discharge began, or now on mains
  std::optional<Belief> drain_;
  std::optional<Belief> bias_;
  bool on_battery_ = false;
  bool was_followed_ = false;  // a reading came in this run, and no gap since
  Seconds gap_on_battery_{0};  // the same of a gap that began on battery
  Belief before_gap_;
  Seconds gap_{0};      // before the next reading
  double voltage_ = 0;  // V, the last seen
  double load_ = 0;     // %, the last known
  bool is_load_known_ = false;
  Mean short_mean_;  // of the load, %
  Mean long_mean_;   // the same

  // Of a discharge. It goes on after an interruption that put next to nothing back.
  std::optional<ChargeEstimator> discharge_;
  bool was_start_seen_ = false;
  double taken_ = 0;   // of the capacity
  double unseen_ = 0;  // the part of it that was guessed
  Mean mean_rate_;
  std::optional<double> shown_left_;  // of the capacity; empty while the charge is unknown
  double start_sigma_ = 0;
  double envelope_ = 0;  // V of a block, without dips; 0: none yet
  bool was_corrected_ = false;
  Mean power_doubt_;
  bool was_low_ = false;
  Seconds low_for_{0};             // so long the inverter has said low
  bool was_low_believed_ = false;  // in this discharge
  double put_back_ = 0;            // of the capacity, at most, since the utility came back

  // On mains.
  double missing_ = 0;      // of the charge, when the utility came back; until the battery is full
  Seconds at_boost_{0};     // so long the voltage has been a charger's
  Seconds after_boost_{0};  // so long it has been clearly below that
  Seconds at_float_{0};
  Seconds held_{0};
  double boost_voltage_ = 0;
};

}  // namespace aims
