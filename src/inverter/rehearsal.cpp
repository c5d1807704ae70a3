#include "inverter/rehearsal.h"

#include <algorithm>

namespace aims {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int kBeforeSteps = 8;
constexpr int kOutageSteps = 240;  // a minute
constexpr int kMostOutageSteps = 4 * kOutageSteps;
constexpr int kChargingSteps = 12;
constexpr int kFloatingSteps = 12;
constexpr int kHoldingSteps = 260;  // more than a minute
constexpr milliseconds kLongestStep = 1h;
constexpr milliseconds kSteadyStep = 1s;
constexpr milliseconds kChargingStep = 1min;
constexpr milliseconds kFloatingStep = 30s;
constexpr double kUnknownRuntime = 3600;  // s: nobody knows, so it is one hour
constexpr double kLowCharge = 0.05;       // the inverter's own low-battery bit comes here

// V of a 12 V block, without regard to the load: enough for a play.
struct Voltages {
  double full, empty, boost, at_float;
};
constexpr Voltages kLead{12.5, 10.4, 14.3, 13.5};
constexpr Voltages kLithium{13.2, 11.2, 14.3, 13.5};

const Voltages& Of(const BatteryOptions& battery) { return battery.type == BatteryType::kLifepo4 ? kLithium : kLead; }

Reading Usual() {
  Reading reading;
  reading.utility_voltage = reading.output_voltage = 120;
  reading.utility_fault_voltage = 120;
  reading.output_frequency = 60;
  reading.temperature = 0;
  reading.line_interactive = reading.beeper = true;
  return reading;
}

}  // namespace

Rehearsal::Rehearsal(const BatteryOptions& battery, const std::optional<Reading>& like)
    : battery_(battery), blocks_(battery.nominal_voltage.value_or(12) / 12), mains_(like.value_or(Usual())) {
  if (!mains_.utility_power) mains_.utility_voltage = mains_.output_voltage;
  if (mains_.load.value_or(0) <= 0) mains_.load = 25;
  mains_.utility_power = true;
  mains_.battery_low = mains_.avr_active = mains_.ups_failed = mains_.self_test = mains_.shutdown_flag = false;
}

std::optional<Rehearsal::Step> Rehearsal::Next(const Snapshot& seen) {
  const Voltages& volts = Of(battery_);
  const int step = step_++;
  switch (act_) {
    case Act::kBefore: {
      if (step + 1 >= kBeforeSteps) {
        const double runtime = seen.battery_runtime.value_or(kUnknownRuntime);
        const auto even = milliseconds(static_cast<int64_t>(runtime * 1000 / kOutageSteps));
        in_outage_ = std::clamp<milliseconds>(even, kSteadyStep, kLongestStep);
        Turn(Act::kOutage);
      }
      return OnMains(volts.at_float, kSteadyStep);
    }
    case Act::kOutage: {
      // Where nobody counts the charge, or without an end, it falls evenly.
      const bool is_counted = seen.battery_charge && step < kMostOutageSteps;
      const double counted = is_counted ? *seen.battery_charge / 100 : charge_ - 1.0 / kOutageSteps;
      charge_ = std::clamp(counted, 0.0, charge_);
      // A runtime that was far too short, as of a battery that cannot carry the load, must not make this long.
      if (step % kOutageSteps == kOutageSteps - 1) in_outage_ = std::min<milliseconds>(in_outage_ * 10, kLongestStep);
      const bool is_low = charge_ <= kLowCharge;
      if (is_low && seen.reading && seen.reading->battery_low) charge_ -= kLowCharge / 20;
      if (charge_ <= 0) Turn(Act::kCharging);
      return OnBattery(charge_, in_outage_);
    }
    case Act::kCharging:
      if (step + 1 >= kChargingSteps) Turn(Act::kFloating);
      return OnMains(volts.boost, kChargingStep);
    case Act::kFloating:
      if (step + 1 >= kFloatingSteps) Turn(Act::kHolding);
      return OnMains(volts.at_float, kFloatingStep);
    case Act::kHolding:
      if (step + 1 >= kHoldingSteps) Turn(Act::kOver);
      return OnMains(volts.at_float, kSteadyStep);
    case Act::kOver:
      break;
  }
  return {};
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
Rehearsal::Step Rehearsal::OnBattery(double charge, milliseconds passed) const {
  const Voltages& volts = Of(battery_);
  Reading reading = mains_;
  reading.utility_voltage = 0;
  reading.utility_power = false;
  reading.shutdown_flag = true;
  reading.battery_voltage = (volts.empty + (volts.full - volts.empty) * charge) * blocks_;
  reading.battery_low = charge <= kLowCharge;
  return {reading, passed};
}

}  // namespace aims
