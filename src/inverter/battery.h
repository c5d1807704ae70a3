// What a battery still holds, and for how long: Ah are counted with Peukert's law, and the voltage has a word only
// where a battery's curve is steep. Pure. Nothing is invented: what the owner has not said, and what was not seen yet,
// is empty.
//
// Why so little is made of the voltage: the wire's step of 0.1 V is 12-15 % of the charge of a flooded 12 V battery, on
// LiFePO4's plateau it says nothing, and somebody else's curve is worse than none. Counting from a known charge is
// within 20 % in nine of ten discharges, and in nearly all of them once a deep one was learned from (scripts/bench
// battery).

#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace aims {

enum class BatteryType { kFlooded, kAgm, kGel, kLifepo4 };
inline constexpr std::array<std::string_view, 4> kBatteryTypes{"flooded", "agm", "gel", "lifepo4"};
inline constexpr int kNominalVoltages[] = {12, 24, 48};  // V

// How far it is with learning the capacity, which takes a discharge from full until the inverter says low.
enum class Calibration {
  kNotReady,     // not full, or nobody knows
  kReady,        // full: a discharge from here counts
  kUnderWay,     // a discharge that began full, and is no longer a short one
  kLearned,      // it came to its end
  kNotFromFull,  // low, but the discharge was not seen to begin full
  kTooShallow,   // low, but long before any battery that is worth its name
  kEndedEarly,   // the discharge ended before the battery was low
};

// What the owner says of a battery and of what hangs on it. Empty: not said.
struct BatteryOptions {
  std::optional<BatteryType> type{};
  std::optional<double> nominal_voltage{};  // V: 12, 24 or 48
  std::optional<double> capacity{};         // Ah, at the 20-hour rate
  std::optional<double> rated_power{};      // VA, what the inverter calls 100 %
  double power_factor = 1;
  double efficiency = 0.9;
  std::optional<double> idle_power{};      // W, of the inverter without a load; else 2 % of rated_power
  std::optional<double> charge_current{};  // A, of the charger
  std::optional<double> cutoff_voltage{};  // V, of the pack; else 10.5 V, or 11.2 V of LiFePO4, per 12 V
};

class Battery {
 public:
  using Seconds = std::chrono::duration<double>;

  // What outlives a restart.
  struct SavedState {
    std::optional<double> charge{};        // 0-1
    std::optional<double> factor{};        // of the capacity, learned: 0.5-1.2
    std::optional<double> first_factor{};  // the first that was learned

    bool operator==(const SavedState&) const = default;
  };

  static constexpr double kFullEnough = 0.98;  // a discharge that is learned from begins here
  static constexpr double kDeepEnough = 0.4;   // and counts at least this, of the capacity that the options say

  explicit Battery(const BatteryOptions& options);
  Battery(const BatteryOptions& options, const SavedState& state);

  // The inverter was on mains, or on battery, for `time`; `voltage` is the pack's in V, `load` in % of the maximum.
  void OnMains(double voltage, std::optional<double> load, Seconds time);
  void OnBattery(double voltage, std::optional<double> load, Seconds time);
  // Nobody answered for `time`. Whoever was on battery before is taken to be on it still, at the same load.
  void Unseen(Seconds time);
  // The inverter says that the battery is low. After a discharge from full this is what the capacity is learned from.
  void Low();

  std::optional<double> charge() const { return state_.charge; }  // 0-1
  std::optional<Seconds> runtime() const;                         // to the cut-off, on battery or if it were on it
  std::optional<double> health() const;  // the capacity against the first learned, 1 = the same
  Calibration calibration() const { return calibration_; }
  const SavedState& saved_state() const { return state_; }

  // Power at the output in W; nothing while it is not known. 000 is unknown on mains, where it may not be measured, and
  // half a percent on battery, for less than one is reported so.
  std::optional<double> LoadPower(std::optional<double> load, bool on_battery) const;

  // What counts as float, in V of the pack; nothing while type or nominal voltage are not known.
  std::optional<double> FloatVoltage() const;
  // 12 V blocks in the pack; nothing while the nominal voltage is not known.
  std::optional<double> Blocks() const;

 private:
  bool IsFullEnough() const;
  void FollowLoad(Seconds time);
  void Discharge(Seconds time);
  double BatteryPower(double load) const;
  double Current(double power) const;
  double Peukert(double current) const;
  double Sag(double current) const;
  double ChargeAtCutoff(double current) const;
  double Capacity() const;
  bool IsKnown() const;

  BatteryOptions options_;
  SavedState state_;
  bool on_battery_ = false;
  Calibration calibration_ = Calibration::kNotReady;
  double counted_ = 0;                // of the capacity, in this discharge, at the factor 1
  double voltage_ = 0;                // V, the last seen
  double load_ = 0;                   // %, the last known
  std::optional<double> short_mean_;  // of the load, %; nothing before any was known
  double long_mean_ = 0;              // the same
  Seconds at_boost_{0};               // so long the voltage has been a charger's
  Seconds after_boost_{0};            // so long it has been clearly below that
  Seconds at_float_{0};
  double boost_voltage_ = 0;
};

}  // namespace aims
