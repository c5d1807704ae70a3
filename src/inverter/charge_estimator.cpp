#include "inverter/charge_estimator.h"

#include <algorithm>
#include <cmath>

namespace aims {
namespace {

// The wire's step of 0.1 V is up to a seventh of the charge, so the voltage's word is a mean over a few of them; near
// the end, where a step is little and the curve is steep, over less. Shares of the capacity.
constexpr double kSmoothed = 0.02;
constexpr double kSmoothedByCharge = 0.08;
// At first the voltage is still falling from the charger's: this much it may mislead, and it is over after so much.
constexpr double kSettling = 0.35;
constexpr double kSettled = 0.02;
constexpr double kMostBias = 0.25;
constexpr double kNoBiasAt = 0.2;  // near the end the voltage is the end, on any battery
constexpr double kLongEnough = 0.4;
constexpr double kUnseenDoubt = 0.2;
constexpr double kLeastDrain = 0.5;
constexpr double kMostDrain = 4;

double Square(double x) { return x * x; }

}  // namespace

void ChargeEstimator::Count(double taken, double doubt, double unseen) {
  taken_ = taken;
  doubt_ = doubt;
  unseen_ = unseen;
}

// A word that is surer counts for more: near the end it soon outweighs what a flat curve said before.
void ChargeEstimator::Hear(Belief voltage_says) {
  const double over = kSmoothed + kSmoothedByCharge * voltage_says.mean;
  const double part = 1 - std::exp(-std::max(0.0, taken_ - last_taken_) / over);
  const double step = std::max(0.0, taken_ - last_taken_);
  last_taken_ = taken_;
  if (taken_ - settles_from_ > 2 * kSettled) {
    const double said = voltage_says.mean;
    sums_.taken += step;
    sums_.said += said * step;
    sums_.at += taken_ * step;
    sums_.said_said += said * said * step;
    sums_.said_at += said * taken_ * step;
    sums_.at_at += taken_ * taken_ * step;
  }
  const double biased = std::clamp(voltage_says.mean / kNoBiasAt, 0.0, 1.0);
  const double sigma = std::hypot(voltage_says.sigma, biased * bias_.sigma,
                                  kSettling * std::exp(std::min(0.0, settles_from_ - taken_) / kSettled));
  heard_ += (1 - heard_) * part;
  precision_ += (1 / Square(sigma) - precision_) * part;
  if (heard_ <= 0) return;
  const double weight = part / Square(sigma) / precision_;
  const double difference = voltage_says.mean - biased * bias_.mean - (start_.mean - taken_ * drain_.mean);
  difference_ += (difference - difference_) * weight;
  heard_at_ += (taken_ - heard_at_) * weight;
  said_sigma_ = std::sqrt(heard_ / precision_);
}

// Of said - (start - drain x at): its mean and how far it strays from that.
std::optional<Belief> ChargeEstimator::bias() const {
  if (sums_.taken < kLongEnough) return {};
  const double falls = Drain();
  const double said = sums_.said / sums_.taken, at = sums_.at / sums_.taken;
  const double mean = said - start_.mean + falls * at;
  const double variance = sums_.said_said / sums_.taken - said * said +
                          falls * falls * (sums_.at_at / sums_.taken - at * at) +
                          2 * falls * (sums_.said_at / sums_.taken - said * at);
  return Belief{std::clamp(mean, -kMostBias, kMostBias), std::sqrt(std::max(0.0, variance))};
}

// As uncertain as the drain is, with the doubt about the rate in it.
double ChargeEstimator::DrainVariance() const { return Square(drain_.sigma) + Square(doubt_ * drain_.mean); }

double ChargeEstimator::StartVariance() const { return Square(start_.sigma) + Square(kUnseenDoubt * unseen_); }

// The variance of the difference between the two witnesses.
double ChargeEstimator::DifferenceVariance() const {
  return StartVariance() + Square(heard_at_) * DrainVariance() + Square(said_sigma_);
}

// What the difference says of a quantity that has `common` variance with it.
double ChargeEstimator::Correction(double common) const {
  return heard_ > 0 ? common / DifferenceVariance() * difference_ : 0;
}
double ChargeEstimator::Removed(double common) const { return heard_ > 0 ? Square(common) / DifferenceVariance() : 0; }

Belief ChargeEstimator::charge() const {
  const double common = StartVariance() + taken_ * heard_at_ * DrainVariance();
  const double variance = StartVariance() + Square(taken_) * DrainVariance() - Removed(common);
  return {std::clamp(start_.mean - taken_ * drain_.mean + Correction(common), 0.0, 1.0),
          std::sqrt(std::max(0.0, variance))};
}

Belief ChargeEstimator::drain() const {
  const double common = -heard_at_ * Square(drain_.sigma);
  const double variance = Square(drain_.sigma) - Removed(common);
  return {std::clamp(drain_.mean + Correction(common), kLeastDrain, kMostDrain), std::sqrt(std::max(0.0, variance))};
}

double ChargeEstimator::Drain() const {
  return std::clamp(drain_.mean + Correction(-heard_at_ * DrainVariance()), kLeastDrain, kMostDrain);
}

Belief ChargeEstimator::Left(double end) const {
  const double with_charge = StartVariance() + taken_ * heard_at_ * DrainVariance();
  const double with_drain = -heard_at_ * DrainVariance();
  const double drain = Drain();
  const double drain_variance = DrainVariance() - Removed(with_drain);
  const double both = -taken_ * DrainVariance() - (heard_ > 0 ? with_charge * with_drain / DifferenceVariance() : 0);
  const Belief now = charge();
  const double left = std::max(0.0, now.mean - end) / drain;
  const double variance = Square(now.sigma) + Square(left) * drain_variance - 2 * left * both;
  return {left, std::sqrt(std::max(0.0, variance)) / drain};
}

}  // namespace aims
