// A battery that behaves like measured ones: for the simulated inverter and for rehearsals. It shares nothing with the
// estimator. Its charge lies in two wells (the kinetic battery model of Manwell and McGowan, 1993): the current drains
// the first, and the second flows after it, so a heavy load empties the battery early and a pause brings some of it
// back. The voltage follows the first well.
// Pure.

#pragma once

#include <chrono>

#include "inverter/chemistry.h"

namespace aims {

class BatteryModel {
 public:
  using Seconds = std::chrono::duration<double>;

  // `nominal_voltage`: V; `capacity`: Ah at the 20-hour rate. It is full.
  BatteryModel(BatteryType type, double nominal_voltage, double capacity);

  // `power` W are taken out of it for `time`. An empty one gives nothing.
  void Discharge(double power, Seconds time);
  // `current` A are put into it for `time`.
  void Charge(double current, Seconds time);
  // As after a long rest with that charge, 0-1.
  void Set(double charge) { available_ = bound_ = charge; }

  // V of the pack while `power` W are taken out of it.
  double Voltage(double power) const;
  double charge() const;  // 0-1, of both wells
  bool is_full() const { return charge() >= 0.99; }
  bool is_empty() const { return available_ <= 0; }  // for now: a rest brings some of it back

 private:
  void Pass(double rate, Seconds time);

  const struct ModelParameters* parameters_;
  double blocks_;
  double capacity_;
  double available_ = 1;  // level of the first well, 0-1
  double bound_ = 1;      // level of the second
};

}  // namespace aims
