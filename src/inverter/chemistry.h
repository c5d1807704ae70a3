// What is published and measured of each kind of battery: what a rate of discharge leaves of the capacity, what a
// voltage under load says of the charge and how much it may be wrong, and what a charger looks like. Figures, with
// their sources, and no state. All voltages are of a 12 V block.
// Pure.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace aims {

enum class BatteryType { kFlooded, kAgm, kGel, kLifepo4 };
inline constexpr std::array<std::string_view, 4> kBatteryTypes{"flooded", "agm", "gel", "lifepo4"};

// What is believed of a quantity: the middle, and how far off it usually is (one standard deviation).
struct Belief {
  double mean = 0;
  double sigma = 0;

  bool operator==(const Belief&) const = default;
};

// Each share is of the capacity at the 20-hour rate. A rate is a current in A over that capacity in Ah: 0.05 empties
// the battery in 20 h.
struct Chemistry {
  struct Rated {
    double rate;
    double share;
  };
  struct Loaded {
    double voltage;  // V, the sag of the load put back
    double charge;   // 0-1, of what can be had at this rate
    double sigma;    // of that, from one battery to another
  };

  std::array<Rated, 9> rates;
  std::array<Loaded, 13> loaded;
  double sag;                              // V at a rate of 1
  double fade;                             // V: so much lower than now is the mean voltage until the battery is empty
  double cutoff;                           // V
  double least_boost;                      // V: from here on the charger boosts
  double least_float;                      // V: from here on it floats
  double full_float;                       // V: hours at this or more mean full
  double least_resting;                    // V: below this no charger is at work
  double lowest_held;                      // V: below this, for half a day, something is wrong
  std::chrono::duration<double> at_float;  // so long at full_float means full
  Belief drain;  // before any discharge taught it (charge_estimator.h): a worn battery may hold half
};

const Chemistry& Of(BatteryType type);

// The share of the capacity that can be had at `rate`. `share_in_1h`: what the data sheet says of one hour; 0: nothing.
double ShareAt(const Chemistry& chemistry, double rate, double share_in_1h);
// How far off that may be, relative to it: the more a rate takes away, the more.
double RateDoubt(double share, bool is_1h_known);

// The charge that `voltage` V of a block under a load of `rate` says.
Belief ChargeAt(const Chemistry& chemistry, double voltage, double rate);

}  // namespace aims
