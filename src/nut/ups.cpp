#include "nut/ups.h"

#include "inverter/sentences.h"

namespace aims::nut {

void Ups::OnUpdate(Inverter::Time now) {
  const Snapshot& snapshot = inverter_.snapshot();
  if (!snapshot.in_outage) {
    last_.reset();
    last_load_power_.reset();
  } else if (snapshot.reading) {
    last_ = snapshot.reading;
    last_load_power_ = snapshot.load_power;
    was_read_on_battery_ = true;
  }
  if (snapshot.reading || !IsOrder()) {
    ordered_.reset();
  } else if (!ordered_) {
    ordered_ = now;
  }
  is_order_old_ = ordered_ && now - *ordered_ >= kOrderStands;
}

bool Ups::is_stale() const {
  return is_order_old_ || (!inverter_.snapshot().reading && !inverter_.snapshot().in_outage);
}

std::optional<double> Ups::load_power() const {
  return inverter_.snapshot().reading ? inverter_.snapshot().load_power : last_load_power_;
}

const Reading* Ups::reading() const {
  const Snapshot& snapshot = inverter_.snapshot();
  if (snapshot.reading) return &*snapshot.reading;
  return snapshot.in_outage && last_ ? &*last_ : nullptr;
}

// Advice that an earlier run gave is none: a host that boots when the power is back must not go down again. It counts
// with a reading on battery, or with a reason that this run found.
bool Ups::IsOrder() const {
  const Snapshot& snapshot = inverter_.snapshot();
  return snapshot.in_outage && snapshot.shutdown_advised &&
         (was_read_on_battery_ || !snapshot.shutdown_reasons.empty());
}

std::string Ups::status() const {
  constexpr double kFull = 98;  // %, as the log's "the battery is full"
  constexpr double kMostLoad = 100;
  const Snapshot& snapshot = inverter_.snapshot();
  const Reading* reading = this->reading();
  std::string status;
  if (snapshot.in_outage) {
    status = IsOrder() ? "FSD OB LB DISCHRG" : "OB DISCHRG";
  } else if (reading && IsDischarging(*reading)) {
    status = "OL DISCHRG";  // a test, or battery priority: the utility is there
  } else {
    status = snapshot.battery_charge && *snapshot.battery_charge < kFull ? "OL CHRG" : "OL";
  }
  if (reading && reading->load.value_or(0) > kMostLoad) status += " OVER";
  if (reading && reading->avr_active) status += " BOOST";
  if (snapshot.battery_problem) status += " RB";
  return status;
}

std::string Ups::alarm() const {
  const Snapshot& snapshot = inverter_.snapshot();
  const Reading* reading = this->reading();
  std::string alarm;
  const auto add = [&](std::string_view what) { alarm.append(alarm.empty() ? "" : "; ").append(what); };
  if (reading && reading->ups_failed) add("UPS failed");
  if (snapshot.is_mains_present && reading) add(MainsPresent(reading->utility_voltage.value_or(0)));
  if (snapshot.may_switch_off) add("the inverter may switch off at any moment");
  return alarm;
}

}  // namespace aims::nut
