#include "inverter/utility.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>
#include <vector>

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr double kDead = 50;           // V
constexpr double kTolerance = 0.15;    // of nominal; AIMS' own transfer limits lie within
constexpr double kDailyChange = 0.05;  // of nominal: so much a utility's voltage goes up and down in a day
constexpr size_t kSamples = 30;
constexpr auto kBetweenSamples = 20s;
constexpr auto kStays = 1h;

double NominalOf(double volts) {
  const auto is_nearer = [&](int a, int b) { return std::abs(a - volts) < std::abs(b - volts); };
  return *std::min_element(std::begin(kUtilityVoltages), std::end(kUtilityVoltages), is_nearer);
}

}  // namespace

bool Utility::Read(const Reading& reading, Time now) {
  if (reading.on_battery || reading.utility_voltage.value_or(0) < kDead) {
    samples_.clear();
    elsewhere_since_.reset();
    return false;
  }
  if (!guessed_) guessed_ = NominalOf(*reading.utility_voltage);
  if (sampled_at_ && now - *sampled_at_ < kBetweenSamples) return false;
  sampled_at_ = now;
  samples_.push_back(*reading.utility_voltage);
  if (samples_.size() > kSamples) samples_.pop_front();
  const auto median = Median();
  if (!median) return false;
  const bool is_elsewhere = learned_ && std::abs(*median - *learned_) > kDailyChange * *learned_;
  if (learned_ && !is_elsewhere) {
    elsewhere_since_.reset();
    return false;
  }
  if (!elsewhere_since_) elsewhere_since_ = now;
  if (learned_ && now - *elsewhere_since_ < kStays) return false;
  elsewhere_since_.reset();
  const auto before = std::exchange(learned_, NominalOf(*median));
  return learned_ != before;
}

// V; nothing before there are enough samples.
std::optional<double> Utility::Median() const {
  if (samples_.size() < kSamples) return {};
  std::vector<double> sorted(samples_.begin(), samples_.end());
  const auto middle = sorted.begin() + kSamples / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

std::optional<double> Utility::nominal() const {
  if (chosen_) return chosen_;
  return learned_ ? learned_ : guessed_;
}

Input Utility::InputOf(const Reading& reading) const {
  if (!reading.utility_voltage) return Input::kUnknown;
  const double volts = *reading.utility_voltage;
  const auto nominal = this->nominal();
  if (volts < kDead || (nominal && volts < *nominal / 2)) return Input::kNone;
  return nominal && std::abs(volts - *nominal) <= kTolerance * *nominal ? Input::kInRange : Input::kOutOfRange;
}

}  // namespace aims
