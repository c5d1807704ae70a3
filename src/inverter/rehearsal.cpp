#include "inverter/rehearsal.h"

#include <algorithm>
#include <cmath>

namespace aims {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int kBeforeSteps = 8;
constexpr int kOutageSteps = 240;  // a minute
constexpr int kLeastOutageSteps = 120;
constexpr int kChargingSteps = 12;
constexpr int kFloatingSteps = 12;
constexpr int kHoldingSteps = 260;  // more than a minute
constexpr milliseconds kSteadyStep = 1s;
constexpr milliseconds kChargingStep = 1min;
constexpr milliseconds kFloatingStep = 30s;
constexpr milliseconds kLastsAtLeast = 2min;  // an outage; else nothing would have its time to be noticed
constexpr double kBoost = 14.3;               // V per 12 V
constexpr double kFloating = 13.5;
constexpr double kLeadLow = 10.6;  // the inverter's own low-battery bit comes here,
constexpr double kLeadOff = 10.2;  // and here it switches off
constexpr double kLithiumLow = 11.6;
constexpr double kLithiumOff = 11.2;
constexpr double kUsualPower = 300;   // W, where rated_power is not set
constexpr double kFastestRate = 0.4;  // of the discharge, in A per Ah of capacity

// W out of the battery. The wire's whole percent are cut off: the load is half of one larger, on average.
double PowerOf(const BatteryOptions& battery, double load) {
  if (!battery.rated_power) return kUsualPower;
  return (load + 0.5) / 100 * *battery.rated_power * battery.power_factor / battery.efficiency +
         battery.idle_power.value_or(0.02 * *battery.rated_power);
}

// The load in % that is played for one of `load`. What a battery gives in less than two hours is uncertain, and the
// charge falls in jumps when the truth shows: the stages of an automation would run together. So a heavy load is played
// lighter.
double PlayedLoad(const BatteryOptions& battery, double load) {
  if (!battery.rated_power || !battery.capacity) return load;
  const double most = kFastestRate * *battery.capacity * battery.nominal_voltage.value_or(12);
  const double idle = PowerOf(battery, 0);
  const double per_percent = PowerOf(battery, 1) - idle;
  return std::clamp(std::floor((most - idle) / per_percent), 1.0, load);
}

// A battery that the options do not describe carries its load for about an hour.
BatteryModel ModelOf(const BatteryOptions& battery, double power) {
  const double nominal = battery.nominal_voltage.value_or(12);
  return {battery.type.value_or(BatteryType::kAgm), nominal, battery.capacity.value_or(power / nominal / 0.6)};
}

Reading Usual() {
  Reading reading;
  reading.utility_voltage = reading.output_voltage = 120;
  reading.utility_fault_voltage = 120;
  reading.output_frequency = 60;
  reading.temperature = 0;
  reading.line_interactive = reading.beeper = true;
  return reading;
}

// What the real inverter says now, as it would be on mains and with nothing wrong.
Reading MainsLike(const std::optional<Reading>& like, const BatteryOptions& battery) {
  Reading reading = like.value_or(Usual());
  if (reading.on_battery || !reading.utility_voltage) reading.utility_voltage = reading.output_voltage;
  if (reading.load.value_or(0) <= 0) reading.load = 25;
  reading.load = PlayedLoad(battery, *reading.load);
  reading.on_battery = false;
  reading.battery_low = reading.avr_active = reading.ups_failed = reading.self_test = reading.shutdown_flag = false;
  return reading;
}

}  // namespace

Rehearsal::Rehearsal(const BatteryOptions& battery, const std::optional<Reading>& like)
    : blocks_(battery.nominal_voltage.value_or(12) / 12),
      mains_(MainsLike(like, battery)),
      is_lithium_(battery.type == BatteryType::kLifepo4),
      power_(PowerOf(battery, *mains_.load)),
      battery_(ModelOf(battery, power_)) {
  in_outage_ = PlayedAtOnce();
}

std::optional<Rehearsal::Step> Rehearsal::Next() {
  const int step = step_++;
  switch (act_) {
    case Act::kBefore:
      if (step + 1 >= kBeforeSteps) Turn(Act::kOutage);
      return OnMains(kFloating, kSteadyStep);
    case Act::kOutage:
      battery_.Discharge(power_, in_outage_);
      if (IsOver(battery_) && step + 1 >= kLeastOutageSteps) Turn(Act::kCharging);
      return OnBattery(in_outage_);
    case Act::kCharging:
      if (step + 1 >= kChargingSteps) Turn(Act::kFloating);
      return OnMains(kBoost, kChargingStep);
    case Act::kFloating:
      if (step + 1 >= kFloatingSteps) Turn(Act::kHolding);
      return OnMains(kFloating, kFloatingStep);
    case Act::kHolding:
      if (step + 1 >= kHoldingSteps) Turn(Act::kOver);
      return OnMains(kFloating, kSteadyStep);
    case Act::kOver:
      break;
  }
  return {};
}

bool Rehearsal::IsOver(const BatteryModel& battery) const {
  return battery.is_empty() || battery.Voltage(power_) <= (is_lithium_ ? kLithiumOff : kLeadOff) * blocks_;
}

// So much of the outage passes in a step that the battery lasts for all of them.
milliseconds Rehearsal::PlayedAtOnce() const {
  BatteryModel battery = battery_;
  milliseconds lasts{0};
  milliseconds step = kSteadyStep;
  while (!IsOver(battery)) {
    battery.Discharge(power_, step);
    lasts += step;
    if (lasts > 600 * step) step *= 2;
  }
  return std::max(lasts, kLastsAtLeast) / kOutageSteps;
}

void Rehearsal::Turn(Act act) {
  act_ = act;
  step_ = 0;
}

Rehearsal::Step Rehearsal::OnMains(double block_voltage, milliseconds passed) const {
  Reading reading = mains_;
  reading.battery_voltage = block_voltage * blocks_;
  return {reading, passed};
}

// As an AIMS does it: the shutdown flag comes on with the outage.
Rehearsal::Step Rehearsal::OnBattery(milliseconds passed) const {
  Reading reading = mains_;
  reading.utility_voltage = 0;
  reading.on_battery = true;
  reading.shutdown_flag = true;
  reading.battery_voltage = battery_.Voltage(power_);
  reading.battery_low = reading.battery_voltage <= (is_lithium_ ? kLithiumLow : kLeadLow) * blocks_;
  return {reading, passed};
}

}  // namespace aims
