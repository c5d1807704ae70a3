// The utility, as the inverter's input shows it: what its voltage should be, and whether what is there is fit. This
// gives an outage its cause; whether there is an outage is the inverter's own word (supply.h).
// Pure.

#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "inverter/reading.h"

namespace aims {

// What a utility may have, in V: the choices of the option utility_voltage.
inline constexpr int kUtilityVoltages[] = {100, 110, 120, 127, 200, 208, 220, 230, 240};

enum class Input {
  kUnknown,     // the inverter does not tell its input's voltage
  kInRange,     // within 15 % of nominal
  kOutOfRange,  // there, and too low or too high; also while it is not known what is nominal
  kNone,        // below half of nominal, or 50 V: what is left on a dead line
};

class Utility {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // V. `chosen`: by the owner; nothing else counts then. `learned`: by an earlier run.
  explicit Utility(std::optional<double> chosen = {}, std::optional<double> learned = {})
      : chosen_(chosen), learned_(learned) {}

  // True where the nominal voltage was learned, or has moved. It is the median of ten minutes without an interruption,
  // and moves only to where the utility stays for an hour: a line that sags for minutes is still what it was.
  bool Read(const Reading& reading, Time now);

  // Nothing: neither chosen, nor was the utility ever seen.
  std::optional<double> nominal() const;
  // What outlives a restart.
  std::optional<double> learned() const { return learned_; }

  Input InputOf(const Reading& reading) const;

 private:
  std::optional<double> Median() const;

  std::optional<double> chosen_;
  std::optional<double> learned_;
  std::optional<double> guessed_;  // from the first reading, until something is learned
  std::deque<double> samples_;     // V, since the last interruption
  std::optional<Time> sampled_at_;
  std::optional<Time> elsewhere_since_;
};

}  // namespace aims
