#include "inverter/battery.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace aims {
namespace {

using namespace std::chrono_literals;
using Seconds = Battery::Seconds;

constexpr Belief kUnknown{0.65, 0.4};  // an unknown charge
constexpr Belief kFull{1, 0.015};
constexpr double kTenthBelow = 1.2816;  // standard deviations: one of ten lies below, one above
constexpr double kTails = 1.25;      // so much wider a range is than that: real batteries stray (scripts/bench battery)
constexpr double kMostSpread = 0.6;  // of a charge that is still said to be known
constexpr double kWireStep = 0.02;   // V, of the wire's 0.1 on average: some inverters cut the rest off, some round
constexpr double kFastestFall = 0.02;   // V per block in a second: that of a battery which lasts for two minutes
constexpr Belief kSaidLow{0.03, 0.02};  // a charge at which inverters say low
constexpr double kLowByRate = 0.3;
constexpr double kDoubtedByLow = 4;  // times what the voltage is doubted otherwise
constexpr Seconds kLowIsReal = 6s;
constexpr double kHealthIsKnown = 0.1;
constexpr double kFarOff = 0.6;  // of the least that may be left
constexpr double kFastestRise =
    0.08 / 600;                        // of the runtime in a second, at a steady load: a correction is no surprise
constexpr double kUsualCutoff = 10.5;  // V of a block, of a battery whose type is not said
constexpr double kIdleShare = 0.02;    // of the rated power
constexpr double kLeastLoad = 0.5;     // %
constexpr double kPercentDoubt = 0.3;  // %: of those that are cut off
constexpr double kIdleDoubt = 0.5;     // of an idle draw that is not said
constexpr double kCutLoad = 0.5;       // %: the wire has whole percent, and cuts the rest off
constexpr Seconds kShort = 20s;
constexpr Seconds kLong = 180s;
constexpr double kMostTaken = 10;  // of the capacity: what was typed is wrong
constexpr double kRateSpan = 0.3;  // of the capacity: the rate that counts is the mean over the last of it

// Learning.
constexpr double kWorthLearning = 0.25;  // of the capacity: what took less says too little
constexpr double kAging = 0.05;          // of the drain, from one discharge to the next
constexpr double kLeastDoubt = 0.03;     // of the drain, whatever was learned: batteries change with age and weather
constexpr double kInformative =
    0.85;                            // of what was doubted before; else the next discharge would only repeat the errors
constexpr double kWellKnown = 0.08;  // of the drain: from here on it is only kept up to date
constexpr double kMostPowerDoubt = 0.15;
constexpr double kSureStart = 0.05;     // of the charge
constexpr double kNearEnd = 0.15;       // a charge at which all the rest of a discharge is known in hindsight
constexpr double kInterruption = 0.01;  // of the capacity: what puts back less does not end a discharge

// Charging.
constexpr Seconds kBoostIsReal = 600s;
constexpr Seconds kStepIsReal = 300s;
constexpr double kStepToFloat = 0.25;       // V per block, from boost
constexpr double kChargeEfficiency = 0.85;  // of a lead battery near its end; BMV: 95 % over all
constexpr double kChargeDoubt = 0.35;
constexpr double kMostCounted = 0.97;    // a counted charge is never quite full
constexpr double kSlowestCharge = 0.04;  // of the capacity in an hour, of an unknown charger
constexpr double kSmallCharger = 0.08;
constexpr double kFastestCharge = 0.5;
constexpr double kSurelyUncounted = 0.9;
constexpr Seconds kHeldLong = 12h;
constexpr double kHeldSigma = 0.18;
constexpr double kFloatingDoubt = 0.1;
constexpr double kMostGapDoubt = 0.35;
constexpr double kGapDoubt = 0.05;  // of the charge, for each hour on mains that was not seen
constexpr double kRestartDoubt = 0.1;

double Hours(Seconds time) { return time.count() / 3600; }

}  // namespace

void Battery::Mean::Follow(double now, double passed, double span) {
  const double part = 1 - std::exp(-passed / span);
  heard += (1 - heard) * part;
  value = heard > 0 ? value + (now - value) * part / heard : now;
}

bool IsDescribed(const BatteryOptions& options) {
  return options.type && options.nominal_voltage && options.capacity && options.rated_power;
}

Battery::Battery(const BatteryOptions& options) : Battery(options, SavedState{}) {}

Battery::Battery(const BatteryOptions& options, const SavedState& saved)
    : options_(options), drain_(saved.drain), bias_(saved.bias), load_(saved.load) {
  if (options_.type) chemistry_ = &Of(*options_.type);
  if (!IsDescribed(options_)) return;
  charge_ = saved.charge;
  voltage_ = *options_.nominal_voltage;
  on_battery_ = saved.on_battery;
  is_load_known_ = saved.load > 0;
  if (!on_battery_) return;
  if (charge_) charge_->sigma = std::max(charge_->sigma, kRestartDoubt);
  Begin();
}

void Battery::OnMains(double voltage, std::optional<double> load, Seconds time) {
  voltage_ = voltage;
  if (load && *load > 0) {
    load_ = *load;
    FollowLoad(time);
  }
  if (std::exchange(on_battery_, false)) at_boost_ = after_boost_ = at_float_ = held_ = Seconds(0);
  was_followed_ = true;
  if (!IsDescribed(options_)) return;
  const double block = voltage / *Blocks();
  if (gap_on_battery_ > 0s) FollowUnseenReturn();
  if (charge_ && gap_ > 0s) {
    Charge(block, gap_);
    // A charger that floats says that there was no long outage meanwhile.
    const double most =
        block >= chemistry_->least_float && block < chemistry_->least_boost ? kFloatingDoubt : kMostGapDoubt;
    charge_->sigma = std::max(charge_->sigma, std::min(most, kGapDoubt * Hours(gap_)));
  }
  gap_ = Seconds(0);
  if (discharge_) {
    put_back_ +=
        options_.charge_current.value_or(kFastestCharge * *options_.capacity) * Hours(time) / *options_.capacity;
    if (put_back_ < kInterruption) return;
    End();
  }
  Charge(block, time);
  LookForFull(block, time);
}

void Battery::OnBattery(double voltage, std::optional<double> load, bool is_low, Seconds time) {
  voltage_ = voltage;
  load_ = load.value_or(load_);
  if (!std::exchange(on_battery_, true)) short_mean_ = long_mean_ = {};
  if (load || is_load_known_) FollowLoad(time);
  if (!IsDescribed(options_) || !is_load_known_) return;
  if (discharge_ && gap_ > 0s) End();
  gap_on_battery_ = Seconds(0);
  if (!discharge_) Begin();
  was_followed_ = true;
  Discharge(time, /*is_seen=*/true);
  // From the second time on: one reading may be a motor's start, however long ago the one before it was.
  low_for_ = is_low && was_low_ ? low_for_ + time : Seconds(0);
  was_low_ = is_low;
  if (low_for_ >= kLowIsReal && !std::exchange(was_low_believed_, true)) discharge_->Forget();
  // A dip is not believed: no battery falls so fast.
  const double block = voltage / *Blocks();
  envelope_ = envelope_ > 0 ? std::max(block, envelope_ - kFastestFall * time.count()) : block;
  discharge_->Hear(Witnessed(RateAt(BatteryPower(load_), voltage)));
  Follow(time);
}

// The utility came back in a gap that began on battery: right after its start, or just now.
void Battery::FollowUnseenReturn() {
  const double low = discharge_ ? discharge_->charge().mean : 0;
  const double high = std::min(1.0, before_gap_.mean + kFastestCharge * Hours(gap_on_battery_));
  discharge_.reset();
  charge_ = Belief{(low + high) / 2, std::hypot(before_gap_.sigma, (high - low) / 2 / kTenthBelow)};
  missing_ = 1 - low;
  gap_on_battery_ = Seconds(0);
}

void Battery::Unseen(Seconds time) {
  if (!on_battery_) {
    OnGap(time);  // the utility may have failed meanwhile
  } else if (discharge_) {
    Discharge(time, /*is_seen=*/false);
  }
}

void Battery::OnGap(Seconds time) {
  was_followed_ = false;
  if (!IsDescribed(options_)) return;
  if (!on_battery_) {
    gap_ += time;
    if (discharge_) {
      was_start_seen_ = false;
      End();
    }
    return;
  }
  if (!discharge_) return;
  if (gap_on_battery_ == 0s) before_gap_ = discharge_->charge();
  gap_on_battery_ += time;
  // What the voltage said before it still counts; what it says next has to settle first.
  discharge_.emplace(discharge_->charge(), discharge_->drain(), bias_.value_or(Belief{}));
  was_start_seen_ = false;
  taken_ = unseen_ = 0;
  // More than all cannot be taken out.
  const double rate = RateAt(BatteryPower(load_), voltage_);
  Discharge(std::min(time, Seconds(3600 / rate)), /*is_seen=*/false);
  discharge_->Unsettle();
}

std::optional<Range> Battery::charge() const {
  const auto now = Believed();
  if (!now) return {};
  const double spread = kTails * kTenthBelow * now->sigma;
  const double value = std::clamp(now->mean, 0.0, 1.0);
  return Range{value, std::max(0.0, value - spread), std::min(1.0, value + spread)};
}

std::optional<Range> Battery::runtime() const {
  const auto now = Believed();
  if (!now || !is_load_known_ || voltage_ <= 0) return {};
  const double rate = RateToCome();
  Belief left;
  double shown = -1;
  if (discharge_) {
    left = discharge_->Left(ChargeAtCutoff(rate));
    const double without_cutoff = discharge_->Left(0).mean;
    shown = left.mean * (shown_left_ && without_cutoff > 0 ? std::min(1.0, *shown_left_ / without_cutoff) : 1);
  } else {
    ChargeEstimator estimator(*now, Drain());
    estimator.Count(0, RateDoubt(ShareAt(*chemistry_, rate, ShareIn1h()), options_.capacity_1h.has_value()), 0);
    left = estimator.Left(ChargeAtCutoff(rate));
  }
  const double whole = WholeAt(rate);
  const double spread = kTails * kTenthBelow * left.sigma;
  const double least = left.mean > 0 ? left.mean / (1 + spread / left.mean) : 0;
  if (shown < 0) shown = left.mean;
  return Range{shown * whole, std::min(least, shown) * whole, (left.mean + spread) * whole};
}

std::optional<double> Battery::RuntimeByVoltage() const {
  if (!Believed() || !is_load_known_ || voltage_ <= 0) return {};
  if (voltage_ <= *Cutoff()) return 0;
  const double rate = RateToCome();
  const double charge = ChargeAt(*chemistry_, voltage_ / *Blocks(), rate).mean;
  return std::max(0.0, charge - ChargeAtCutoff(rate)) * WholeAt(rate);
}

std::optional<Range> Battery::learned() const {
  if (!drain_) return {};
  constexpr double kLeast = 0.25;
  const double spread = kTenthBelow * drain_->sigma;
  return Range{1 / drain_->mean, 1 / (drain_->mean + spread), 1 / std::max(kLeast, drain_->mean - spread)};
}

std::optional<double> Battery::health() const {
  const auto capacity = learned();
  if (!capacity || capacity->most - capacity->value >= kHealthIsKnown) return {};
  return capacity->value;
}

Battery::SavedState Battery::saved_state() const { return {Believed(), bias_, drain_, on_battery_, load_}; }

std::optional<double> Battery::LoadPower(std::optional<double> load, bool on_battery) const {
  if (!options_.rated_power || !load || (*load == 0 && !on_battery)) return {};
  return std::max(*load, kLeastLoad) / 100 * *options_.rated_power * options_.power_factor;
}

std::optional<double> Battery::LowestHeld() const {
  if (!chemistry_ || !Blocks()) return {};
  return chemistry_->lowest_held * *Blocks();
}

std::optional<double> Battery::Cutoff() const {
  if (options_.cutoff_voltage) return options_.cutoff_voltage;
  if (!Blocks()) return {};
  return (chemistry_ ? chemistry_->cutoff : kUsualCutoff) * *Blocks();
}

std::optional<double> Battery::Blocks() const {
  if (!options_.nominal_voltage) return {};
  return *options_.nominal_voltage / 12;
}

void Battery::FollowLoad(Seconds time) {
  is_load_known_ = true;
  short_mean_.Follow(load_, time.count(), kShort.count());
  long_mean_.Follow(load_, time.count(), kLong.count());
}

// A discharge that began in a gap began anywhere in it.
void Battery::Begin() {
  was_start_seen_ = was_followed_ && gap_ == 0s && charge_.has_value();
  Belief start = charge_.value_or(kUnknown);
  if (gap_ > 0s) {
    const double most = std::min(start.mean, RateAt(BatteryPower(load_), *options_.nominal_voltage) * Hours(gap_));
    start = {start.mean - most / 2, std::hypot(start.sigma, most / 2 / kTenthBelow)};
    gap_ = Seconds(0);
  }
  discharge_.emplace(start, Drain(), bias_.value_or(Belief{}));
  start_sigma_ = start.sigma;
  power_doubt_ = {};
  taken_ = unseen_ = put_back_ = 0;
  low_for_ = Seconds(0);
  envelope_ = 0;
  was_low_ = was_low_believed_ = false;
  mean_rate_ = {};
  shown_left_.reset();
  was_corrected_ = false;
}

// What the voltage says, and with it the inverter's word that the battery is low. That comes at a voltage, too, so a
// heavy load brings it early; and a motor's start may bring it for a moment.
Belief Battery::Witnessed(double rate) const {
  const Belief voltage = ChargeAt(*chemistry_, envelope_ + kWireStep / *Blocks(), rate);
  if (low_for_ < kLowIsReal) return voltage;
  const Belief low{kSaidLow.mean, kSaidLow.sigma + kLowByRate * rate * rate};
  const double ours = std::pow(kDoubtedByLow * voltage.sigma, -2);
  const double theirs = std::pow(low.sigma, -2);
  return {(voltage.mean * ours + low.mean * theirs) / (ours + theirs), 1 / std::sqrt(ours + theirs)};
}

// What is left may be more than was thought, but the runtime comes up to it slowly.
void Battery::Follow(Seconds time) {
  const Belief left = discharge_->Left(0);
  const auto now = charge();
  if (now->most - now->least > kMostSpread) return shown_left_.reset();
  if (!shown_left_) shown_left_ = left.mean;
  // Far below the truth it would stay for hours: then it jumps, once in a discharge.
  const bool is_far_off = *shown_left_ < kFarOff * (left.mean - kTenthBelow * left.sigma);
  if (is_far_off && !std::exchange(was_corrected_, true)) {
    shown_left_ = left.mean;
    ++corrections_;
  }
  shown_left_ = std::min(left.mean, *shown_left_ * (1 + kFastestRise * time.count()));
}

void Battery::End() {
  const Belief now = discharge_->charge();
  const double drain_sigma_before = Drain().sigma;
  charge_ = now;
  missing_ = 1 - now.mean;
  const Belief drain = discharge_->drain();
  const bool says_much = drain.sigma < kInformative * drain_sigma_before || drain_sigma_before < kWellKnown;
  const bool is_informative = discharge_->taken() >= kWorthLearning && says_much;
  if (was_start_seen_ && is_informative && power_doubt_.value < kMostPowerDoubt) {
    drain_ = Belief{drain.mean, std::max(drain.sigma, kLeastDoubt)};
    const bool is_sure = start_sigma_ <= kSureStart && now.mean < kNearEnd && now.sigma < kNearEnd / 2;
    if (is_sure) bias_ = discharge_->bias();
  }
  discharge_.reset();
}

void Battery::Discharge(Seconds time, bool is_seen) {
  const double rate = RateAt(BatteryPower(load_), voltage_);
  const double taken = rate * Hours(time);
  taken_ = std::min(kMostTaken, taken_ + taken);
  if (!is_seen) unseen_ += taken;
  mean_rate_.Follow(rate, taken, kRateSpan);
  power_doubt_.Follow(PowerDoubt(load_), taken, kRateSpan);
  const double share = ShareAt(*chemistry_, mean_rate_.value, ShareIn1h());
  const double doubt = std::hypot(RateDoubt(share, options_.capacity_1h.has_value()), power_doubt_.value);
  discharge_->Count(taken_ / share, doubt, unseen_ / share);
}

// What the charger may have put back. Where nothing is known of it the range grows, from a slow one's to a fast one's.
void Battery::Charge(double block, Seconds time) {
  if (!charge_ || block < chemistry_->least_resting) return;
  if (options_.charge_current) {
    if (charge_->mean >= kMostCounted) return;
    // A charger tapers: the last fifth takes its time, and only a sign of its own says that it is over.
    const double taper = std::min(1.0, (1 - charge_->mean) / 0.2);
    const double gained = *options_.charge_current * kChargeEfficiency * taper * Hours(time) / *options_.capacity;
    charge_ = Belief{std::min(kMostCounted, charge_->mean + gained), charge_->sigma + kChargeDoubt * gained};
    return;
  }
  const double spread = kTenthBelow * charge_->sigma;
  const double low = std::max(0.0, charge_->mean - spread);
  const double high = std::min(1.0, charge_->mean + spread);
  if (low >= kSurelyUncounted) return;
  // Below float a charger may just hold the battery where it is.
  const bool is_surely =
      block >= (options_.type == BatteryType::kLifepo4 ? chemistry_->full_float : chemistry_->least_float);
  const double least = is_surely ? std::min(kSurelyUncounted, low + kSlowestCharge * Hours(time)) : low;
  const double most = std::max(high, std::min(1.0, high + kFastestCharge * Hours(time)));
  charge_ = Belief{std::min(1.0, (least + most) / 2), (most - least) / 2 / kTenthBelow};
}

void Battery::LookForFull(double block, Seconds time) {
  const Chemistry& chemistry = *chemistry_;
  const bool is_boost = block >= chemistry.least_boost;
  if (is_boost) {
    boost_voltage_ = at_boost_ == Seconds(0) ? block : std::max(boost_voltage_, block);
    at_boost_ += time;
    after_boost_ = Seconds(0);
  }
  const bool is_float = !is_boost && block >= chemistry.least_float;
  const bool has_stepped = is_float && at_boost_ >= kBoostIsReal && block <= boost_voltage_ - kStepToFloat;
  after_boost_ = has_stepped ? after_boost_ + time : Seconds(0);
  at_float_ = block >= chemistry.full_float ? at_float_ + time : Seconds(0);
  if (!is_boost && !is_float) at_boost_ = Seconds(0);
  if (after_boost_ >= kStepIsReal || at_float_ >= NeedsAtFloat()) {
    charge_ = kFull;
    missing_ = 0;
  }

  // LiFePO4 that is held for long at a voltage of its plateau has come to rest somewhere on it.
  const bool is_held =
      options_.type == BatteryType::kLifepo4 && block >= chemistry.least_resting && block < chemistry.full_float;
  held_ = is_held ? held_ + time : Seconds(0);
  if (held_ >= kHeldLong && (!charge_ || charge_->sigma > kHeldSigma)) {
    charge_ = Belief{std::clamp(0.4 + (block - 13.1) * 1.4, 0.4, 0.9), kHeldSigma};
  }
}

// So long at float means full; longer where much was taken out, for a small charger may take half a day for that.
Seconds Battery::NeedsAtFloat() const {
  return std::max<Seconds>(chemistry_->at_float, Seconds(missing_ / kSmallCharger * 3600));
}

std::optional<Belief> Battery::Believed() const {
  if (on_battery_ && !is_load_known_) return {};
  std::optional<Belief> now = discharge_ ? discharge_->charge() : charge_;
  if (now) now->sigma = std::min(now->sigma, kUnknown.sigma);
  return now;
}

// What was learned grows old: each discharge may find another battery.
Belief Battery::Drain() const {
  if (!drain_) return chemistry_->drain;
  return {drain_->mean, std::hypot(drain_->sigma, kAging)};
}

// W from the battery at `load` %.
double Battery::BatteryPower(double load) const {
  const double rated = *options_.rated_power;
  return (load + kCutLoad) / 100 * rated * options_.power_factor / options_.efficiency +
         options_.idle_power.value_or(kIdleShare * rated);
}

// How far off that may be, relative to it: the wire's whole percent, and an idle draw that was not measured, are much
// of a small load.
double Battery::PowerDoubt(double load) const {
  const double rated = *options_.rated_power;
  const double idle = options_.idle_power ? 0 : kIdleDoubt * kIdleShare * rated;
  return std::hypot(kPercentDoubt / 100 * rated * options_.power_factor / options_.efficiency, idle) /
         BatteryPower(load);
}

// A current over the capacity. A dead battery's voltage must not make it endless.
double Battery::RateAt(double power, double voltage) const {
  return power / std::max(voltage, *options_.nominal_voltage / 2) / *options_.capacity;
}

// The rate until the battery is empty, at the load of now. On mains the voltage is the charger's; a full battery's
// would be nominal, or a little more.
double Battery::RateToCome() const {
  const double voltage = on_battery_ ? voltage_ : *options_.nominal_voltage;
  const double load = std::max(short_mean_.value, long_mean_.value);
  return RateAt(BatteryPower(load), voltage - chemistry_->fade * *Blocks());
}

// s that a full battery as printed lasts at `rate`.
double Battery::WholeAt(double rate) const { return 3600 * ShareAt(*chemistry_, rate, ShareIn1h()) / rate; }

// What is left at the owner's cut-off and of no use, where that lies above the usual one.
double Battery::ChargeAtCutoff(double rate) const {
  if (!options_.cutoff_voltage) return 0;
  const auto at = [&](double voltage) { return ChargeAt(*chemistry_, voltage, rate).mean; };
  return std::max(0.0, at(*options_.cutoff_voltage / *Blocks()) - at(chemistry_->cutoff));
}

double Battery::ShareIn1h() const {
  return options_.capacity_1h ? std::clamp(*options_.capacity_1h / *options_.capacity, 0.2, 1.0) : 0;
}

}  // namespace aims
