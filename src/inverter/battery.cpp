#include "inverter/battery.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace aims {
namespace {

using namespace std::chrono_literals;
using Seconds = Battery::Seconds;

// A point of a curve: this voltage of a rested 12 V block means at most this charge.
struct Point {
  double voltage;
  double charge;
};

// Only the steep end of each curve, on which published ones agree best, and there the most hopeful of them. Lead: rival
// table of donsnotes.com, below which BCI's knows nothing. LiFePO4: four cells; Zephyr's binding and the knee of
// Victron's manual (2.8 V: 3 %, 2.6 V: 1 %).
constexpr std::array kLeadEnd{Point{10.5, 0.0}, Point{11.58, 0.2}};
constexpr std::array kLithiumEnd{Point{8.05, 0.0}, Point{12.27, 0.1}, Point{12.4, 0.14}};

// Per 12 V block. Sources: bdbatteries and Victron BMV-702 (Peukert), Kussmaul 091-263 (boost and float), Victron's and
// U-Power's data sheets (LiFePO4). The resistance is per Ah: a block of 100 Ah has a hundredth.
struct Chemistry {
  double peukert;
  double resistance;     // Ω Ah
  double least_boost;    // V: from here on the charger boosts
  double float_voltage;  // V
  double least_float;    // V: from here on it floats
  double cutoff;         // V
  double fade;           // V, from now to the mean of what is left of a discharge
  Seconds at_float;      // so long at float means full
};
constexpr Seconds kLeadAtFloat = 12h;
constexpr Seconds kLithiumAtFloat = 2h;

constexpr Chemistry kFlooded{1.25, 0.6, 14.2, 13.3, 13.1, 10.5, 0.17, kLeadAtFloat};
constexpr Chemistry kAgm{1.12, 0.4, 13.9, 13.5, 13.2, 10.5, 0.3, kLeadAtFloat};
constexpr Chemistry kGel{1.18, 0.5, 13.9, 13.7, 13.3, 10.5, 0.3, kLeadAtFloat};
constexpr Chemistry kLifepo4{1.05, 1.2, 13.9, 13.5, 13.3, 11.2, 0.15, kLithiumAtFloat};

const Chemistry& Of(BatteryType type) {
  switch (type) {
    case BatteryType::kFlooded:
      return kFlooded;
    case BatteryType::kAgm:
      return kAgm;
    case BatteryType::kGel:
      return kGel;
    case BatteryType::kLifepo4:
      return kLifepo4;
  }
  return kFlooded;
}

constexpr double kIdleShare = 0.02;  // of the rated power
constexpr double kPrudence = 0.985;  // of the runtime: too short is the smaller mistake
constexpr double kSlowSag = 2.5;     // of the sag at once: what a battery under load comes to
constexpr double kLeastLoad = 0.5;   // %
constexpr double kCutLoad = 0.5;     // %: the wire has whole percent, and cuts the rest off
constexpr double kLeastFactor = 0.5;
constexpr double kMostFactor = 1.2;
constexpr double kLongEnough = 0.1;           // of the capacity: from here on a discharge may be one to learn from
constexpr double kFastestCorrection = 0.002;  // of the charge per second
constexpr double kStepToFloat = 0.25;         // V per block, from boost
constexpr double kChargeEfficiency = 0.85;    // of a lead battery near its end; BMV: 95 % over all
constexpr Seconds kShort = 20s;
constexpr Seconds kLong = 180s;
constexpr Seconds kBoostIsReal = 600s;
constexpr Seconds kStepIsReal = 300s;

// A mean that forgets: what is `time` old counts 1/e.
void Follow(double& mean, double value, Seconds passed, Seconds time) {
  mean += (value - mean) * (1 - std::exp(-passed / time));
}

// What the voltage of a rested block lets the charge be at most; 1 where it says nothing.
template <size_t kCount>
double MostAt(const std::array<Point, kCount>& curve, double voltage) {
  if (voltage >= curve.back().voltage) return 1;
  if (voltage <= curve.front().voltage) return 0;
  const auto above = std::find_if(curve.begin(), curve.end(), [&](Point point) { return point.voltage > voltage; });
  const Point low = *std::prev(above);
  return low.charge + (voltage - low.voltage) * (above->charge - low.charge) / (above->voltage - low.voltage);
}

}  // namespace

Battery::Battery(const BatteryOptions& options) : Battery(options, SavedState{}) {}

Battery::Battery(const BatteryOptions& options, const SavedState& state) : options_(options), state_(state) {
  if (!IsKnown()) state_.charge.reset();
  if (IsFullEnough()) calibration_ = Calibration::kReady;
}

void Battery::OnMains(double voltage, std::optional<double> load, Seconds time) {
  voltage_ = voltage;
  if (load && *load > 0) {
    load_ = *load;
    FollowLoad(time);
  }
  if (std::exchange(on_battery_, false)) at_boost_ = after_boost_ = at_float_ = Seconds(0);
  if (calibration_ == Calibration::kUnderWay) calibration_ = Calibration::kEndedEarly;
  if (!IsKnown()) return;
  const Chemistry& chemistry = Of(*options_.type);
  const double block = voltage / *Blocks();

  const bool is_boost = block >= chemistry.least_boost;
  if (is_boost) {
    boost_voltage_ = at_boost_ == Seconds(0) ? block : std::max(boost_voltage_, block);
    at_boost_ += time;
    after_boost_ = at_float_ = Seconds(0);
  }
  const bool is_float = !is_boost && block >= chemistry.least_float;
  const bool has_stepped = is_float && at_boost_ >= kBoostIsReal && block <= boost_voltage_ - kStepToFloat;
  after_boost_ = has_stepped ? after_boost_ + time : Seconds(0);
  at_float_ = is_float ? at_float_ + time : Seconds(0);
  if (!is_boost && !is_float) at_boost_ = Seconds(0);

  const bool is_full = after_boost_ >= kStepIsReal || at_float_ >= chemistry.at_float;
  if (is_full) {
    state_.charge = 1;
  } else if (state_.charge && options_.charge_current) {
    // A charger tapers: the last tenth takes its time, and only the step to float says that it is over.
    const double left = std::max(0.0, 1 - *state_.charge);
    const double taper = std::min(1.0, left / 0.2);
    const double gained = *options_.charge_current * kChargeEfficiency * taper * time.count() / 3600 / Capacity();
    state_.charge = std::min(std::max(0.99, *state_.charge), *state_.charge + gained);
  }
  if (IsFullEnough()) {
    calibration_ = Calibration::kReady;
  } else if (calibration_ == Calibration::kReady) {
    calibration_ = Calibration::kNotReady;
  }
}

void Battery::OnBattery(double voltage, std::optional<double> load, Seconds time) {
  voltage_ = voltage;
  load_ = load.value_or(load_);
  if (!std::exchange(on_battery_, true)) {
    short_mean_.reset();
    calibration_ = IsFullEnough() ? Calibration::kReady : Calibration::kNotReady;
    counted_ = 0;
  }
  FollowLoad(time);
  Discharge(time);
  if (calibration_ == Calibration::kReady && counted_ >= kLongEnough) calibration_ = Calibration::kUnderWay;
  if (!state_.charge) return;

  // The sag is taken out, the slow one of polarisation, too, so that a heavy load is not taken for an empty battery.
  const double rested = voltage / *Blocks() + kSlowSag * Sag(Current(BatteryPower(load_)));
  const double most = options_.type == BatteryType::kLifepo4 ? MostAt(kLithiumEnd, rested) : MostAt(kLeadEnd, rested);
  if (most < *state_.charge) {
    *state_.charge = std::max(most, *state_.charge - kFastestCorrection * time.count());
  }
}

void Battery::Unseen(Seconds time) {
  if (on_battery_) Discharge(time);
}

void Battery::Low() {
  if (calibration_ == Calibration::kNotReady && IsKnown()) calibration_ = Calibration::kNotFromFull;
  if (calibration_ != Calibration::kReady && calibration_ != Calibration::kUnderWay) return;
  if (counted_ < kDeepEnough) {
    calibration_ = Calibration::kTooShallow;
    return;
  }
  calibration_ = Calibration::kLearned;
  state_.factor =
      std::clamp(counted_ / (1 - ChargeAtCutoff(Current(BatteryPower(long_mean_)))), kLeastFactor, kMostFactor);
  if (!state_.first_factor) state_.first_factor = state_.factor;
  state_.charge = 0;
}

std::optional<Seconds> Battery::runtime() const {
  if (!state_.charge || !short_mean_ || voltage_ <= 0) return {};
  // On mains the voltage is the charger's; a full battery's would be nominal, or a little more.
  const double voltage = on_battery_ ? voltage_ : *options_.nominal_voltage;
  const double mean_voltage = std::max(voltage - Of(*options_.type).fade * *Blocks(), voltage / 2);
  const double current = BatteryPower(std::max(*short_mean_, long_mean_)) / mean_voltage;
  const double usable = std::max(0.0, *state_.charge - ChargeAtCutoff(current));
  return Seconds(kPrudence * usable * Capacity() * 3600 / (current * Peukert(current)));
}

std::optional<double> Battery::health() const {
  if (!state_.factor || !state_.first_factor) return {};
  return *state_.factor / *state_.first_factor;
}

std::optional<double> Battery::LoadPower(std::optional<double> load, bool on_battery) const {
  if (!options_.rated_power || !load || (*load == 0 && !on_battery)) return {};
  return std::max(*load, kLeastLoad) / 100 * *options_.rated_power * options_.power_factor;
}

std::optional<double> Battery::FloatVoltage() const {
  if (!options_.type || !Blocks()) return {};
  return Of(*options_.type).least_float * *Blocks();
}

std::optional<double> Battery::Blocks() const {
  if (!options_.nominal_voltage) return {};
  return *options_.nominal_voltage / 12;
}

void Battery::FollowLoad(Seconds time) {
  if (!short_mean_) short_mean_ = long_mean_ = load_;
  Follow(*short_mean_, load_, time, kShort);
  Follow(long_mean_, load_, time, kLong);
}

void Battery::Discharge(Seconds time) {
  if (!IsKnown() || voltage_ <= 0) return;
  const double current = Current(BatteryPower(load_));
  const double used = current * Peukert(current) * time.count() / 3600;
  counted_ += used / *options_.capacity;
  if (state_.charge) *state_.charge = std::max(0.0, *state_.charge - used / Capacity());
}

// W from the battery at `load` %.
double Battery::BatteryPower(double load) const {
  const double rated = *options_.rated_power;
  return (load + kCutLoad) / 100 * rated * options_.power_factor / options_.efficiency +
         options_.idle_power.value_or(kIdleShare * rated);
}

double Battery::Current(double power) const { return power / voltage_; }

// How much more a current takes than its Ah; one that is below the 20-hour rate takes no less.
double Battery::Peukert(double current) const {
  const double rate = current / (*options_.capacity / 20);
  return std::pow(std::max(1.0, rate), Of(*options_.type).peukert - 1);
}

// V per block that a battery under that current lacks at once.
double Battery::Sag(double current) const { return current * Of(*options_.type).resistance / *options_.capacity; }

// What is left at the cut-off, and of no use: on LiFePO4, whose cut-off lies above its end, that is not nothing.
double Battery::ChargeAtCutoff(double current) const {
  if (options_.type != BatteryType::kLifepo4) return 0;
  const double cutoff = options_.cutoff_voltage.value_or(Of(*options_.type).cutoff * *Blocks()) / *Blocks();
  return MostAt(kLithiumEnd, cutoff + Sag(current));
}

// Ah, as learned.
double Battery::Capacity() const { return *options_.capacity * state_.factor.value_or(1); }

bool Battery::IsFullEnough() const { return state_.charge && *state_.charge >= kFullEnough; }

bool Battery::IsKnown() const {
  return options_.type && options_.nominal_voltage && options_.capacity && options_.rated_power;
}

}  // namespace aims
