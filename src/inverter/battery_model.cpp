#include "inverter/battery_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

namespace aims {

// Of a 12 V block.
struct ModelParameters {
  struct Point {
    double level;
    double voltage;
  };
  double share;                    // of the whole that is in the first well
  double flow;                     // per hour
  double resistance;               // V at a rate of 1
  std::array<Point, 10> voltages;  // at a small current, by the level of the first well
};

namespace {

// The wells are fitted to published capacities at rates from 20 h to 15 min: AGM of Sunnyway and Haze, flooded of
// Trojan. The voltages are those of BBOXX's slowest discharge (C/34), of tubular batteries, and of a LiFePO4 cell at
// C/20.
// clang-format off
constexpr ModelParameters kAgmModel{0.4, 1.6, 0.28,
    {{{0, 9.3}, {0.03, 11.02}, {0.07, 11.24}, {0.15, 11.5}, {0.3, 11.8}, {0.5, 12.1}, {0.7, 12.38}, {0.9, 12.7}, {0.97, 12.83}, {1, 12.95}}}};
constexpr ModelParameters kGelModel{0.37, 1.4, 0.35,
    {{{0, 9.3}, {0.03, 11.0}, {0.07, 11.2}, {0.15, 11.45}, {0.3, 11.75}, {0.5, 12.05}, {0.7, 12.35}, {0.9, 12.65}, {0.97, 12.75}, {1, 12.85}}}};
constexpr ModelParameters kFloodedModel{0.33, 1.1, 0.5,
    {{{0, 9.2}, {0.03, 10.9}, {0.07, 11.1}, {0.15, 11.4}, {0.3, 11.7}, {0.5, 12.0}, {0.7, 12.28}, {0.9, 12.5}, {0.97, 12.6}, {1, 12.7}}}};
constexpr ModelParameters kLifepo4Model{0.95, 6.0, 0.38,
    {{{0, 10.0}, {0.03, 12.3}, {0.07, 12.65}, {0.15, 12.85}, {0.3, 13.05}, {0.5, 13.12}, {0.7, 13.22}, {0.9, 13.28}, {0.97, 13.32}, {1, 13.4}}}};
// clang-format on

const ModelParameters& ParametersOf(BatteryType type) {
  switch (type) {
    case BatteryType::kFlooded:
      return kFloodedModel;
    case BatteryType::kAgm:
      return kAgmModel;
    case BatteryType::kGel:
      return kGelModel;
    case BatteryType::kLifepo4:
      return kLifepo4Model;
  }
  return kFloodedModel;
}

// All that is in both wells, where the capacity is what can be had of them in 20 h.
double Whole(const ModelParameters& is) {
  const double x = 20 * is.flow;
  return (1 - std::exp(-x) + x * is.share) / (x * is.share);
}

}  // namespace

BatteryModel::BatteryModel(BatteryType type, double nominal_voltage, double capacity)
    : parameters_(&ParametersOf(type)), blocks_(nominal_voltage / 12), capacity_(capacity) {}

// In steps, for the current rises as the voltage falls.
void BatteryModel::Discharge(double power, Seconds time) {
  constexpr Seconds kStep{60};
  while (time > Seconds(0) && !is_empty()) {
    const Seconds step = std::min(time, kStep);
    Pass(power / Voltage(power) / capacity_, step);
    time -= step;
  }
  if (time > Seconds(0)) Pass(0, time);
}

void BatteryModel::Charge(double current, Seconds time) {
  Pass(-current / capacity_, time);
  if (available_ >= 1) available_ = 1;
  if (bound_ >= 1) bound_ = 1;
}

double BatteryModel::charge() const { return parameters_->share * available_ + (1 - parameters_->share) * bound_; }

double BatteryModel::Voltage(double power) const {
  const auto& points = parameters_->voltages;
  const double level = std::clamp(available_, 0.0, 1.0);
  const auto above =
      std::find_if(points.begin() + 1, points.end() - 1, [&](auto point) { return point.level >= level; });
  const auto below = std::prev(above);
  const double open =
      below->voltage + (level - below->level) * (above->voltage - below->voltage) / (above->level - below->level);
  // V = open - resistance x power / V / capacity, of a block; half of the open voltage is the most that a load can
  // take.
  const double drop = parameters_->resistance * power / blocks_ / capacity_;
  const double root = std::sqrt(std::max(0.0, open * open - 4 * drop));
  return (open + root) / 2 * blocks_;
}

// The exact solution for a steady current, `rate` times the capacity in an hour.
void BatteryModel::Pass(double rate, Seconds time) {
  const double share = parameters_->share;
  const double whole = Whole(*parameters_);
  const double hours = time.count() / 3600;
  const double x = parameters_->flow * hours;
  const double first = share * available_;
  const double second = (1 - share) * bound_;
  const double all = first + second;
  const double taken = rate / whole / parameters_->flow;
  const double fades = std::exp(-x);
  const double first_then = first * fades + (all * share - taken) * (1 - fades) - taken * share * (x - 1 + fades);
  const double second_then = second * fades + all * (1 - share) * (1 - fades) - taken * (1 - share) * (x - 1 + fades);
  available_ = first_then / share;
  bound_ = second_then / (1 - share);
}

}  // namespace aims
