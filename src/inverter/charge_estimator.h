// How full a battery is in one discharge, and how much it holds, from two witnesses: what was counted out of it, and
// what its voltage under load says. Two unknowns, the charge at the start and how fast the charge falls against what is
// printed on the battery (its drain: 1 as printed, 1.25 of a battery that holds 80 %), each with its uncertainty; one
// closed-form Kalman step weighs the witnesses by those.
//
// The voltage has one vote, the newest, against what was believed when the discharge began. Its errors are those of a
// battery's own curve, the same in every reading: a thousand readings do not make it surer than one.
// Pure.

#pragma once

#include <optional>

#include "inverter/chemistry.h"

namespace aims {

class ChargeEstimator {
 public:
  // A discharge begins. `charge`: 0-1; `drain`: of this battery, as far as it was learned.
  // `bias`: how far the voltage's word is from the truth on this battery, as far as that was learned.
  ChargeEstimator(Belief charge, Belief drain, Belief bias = {}) : start_(charge), drain_(drain), bias_(bias) {}

  // So much was taken out since the start, as a share of what a battery as printed would give at this rate, which may
  // be off by `doubt` (a share of it). `unseen`: how much of that was guessed, without readings.
  void Count(double taken, double doubt, double unseen);
  // What the voltage says now.
  void Hear(Belief voltage_says);
  // Drops what the voltage said. Call it when the inverter itself begins to say low.
  void Forget() { heard_ = precision_ = difference_ = heard_at_ = 0; }
  // As after the start, the voltage may mislead for a while: what happened before was not seen.
  void Unsettle() {
    Forget();
    settles_from_ = taken_;
  }

  Belief charge() const;  // 0-1
  Belief drain() const;   // of the battery
  // How far the voltage's word was from what is believed now, over this discharge; empty: it was not heard for long.
  std::optional<Belief> bias() const;
  // What is left above `end`, a charge, as a share of the capacity that is printed on the battery.
  Belief Left(double end) const;
  double taken() const { return taken_; }

 private:
  double Drain() const;
  double StartVariance() const;
  double DrainVariance() const;
  double DifferenceVariance() const;
  double Correction(double common) const;
  double Removed(double common) const;

  Belief start_;
  Belief drain_;
  Belief bias_;
  double taken_ = 0;
  double doubt_ = 0;
  double unseen_ = 0;
  // Between the voltage's word and the count: a mean over the last of what was taken.
  double difference_ = 0;
  double heard_at_ = 0;   // the mean of what was taken, over the same
  double heard_ = 0;      // so much of that mean is heard already, 0-1
  double precision_ = 0;  // the same of 1 / sigma squared
  double last_taken_ = 0;
  double settles_from_ = 0;  // taken, then
  double said_sigma_ = 1;
  // Sums over what was taken, of the voltage's word and of where in the discharge it was said.
  struct Sums {
    double taken = 0, said = 0, at = 0, said_said = 0, said_at = 0, at_at = 0;
  } sums_;
};

}  // namespace aims
