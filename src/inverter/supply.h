// What the load runs on, and whether that is an outage.
// Pure. On battery (b7) is an outage from that reading on, whatever voltage the input shows: inverters refuse what is
// off frequency, or too high, and some repeat the last voltage of the utility while it is away. The exceptions stand
// here, each with what ends it: what takes an outage for something else for too long costs a shutdown that somebody
// needed.

#pragma once

#include <chrono>
#include <optional>

#include "base/time.h"
#include "inverter/command.h"
#include "inverter/reading.h"
#include "inverter/utility.h"

namespace aims {

enum class Supply {
  kUtility,
  kOutage,           // the battery, because the inverter does not take the utility
  kTest,             // the battery, in a test, with the utility in range
  kBatteryPriority,  // the battery, by its switch SW5, with the utility in range
};

// On battery, and no outage.
constexpr bool IsNoOutage(Supply supply) { return supply == Supply::kTest || supply == Supply::kBatteryPriority; }

class SupplyWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  struct Options {
    bool has_battery_priority = false;
    std::optional<double> cutoff_voltage{};  // V of the pack, at which the inverter switches off
    std::chrono::milliseconds restore_delay{60'000};
  };

  // A test that this program began. Units that set b2 tell of theirs; others only go on battery.
  struct BegunTest {
    bool is_until_low = false;
    bool was_on_battery = false;
    WallTime begin{};

    bool operator==(const BegunTest&) const = default;
  };

  // What outlives a restart.
  struct SavedState {
    std::optional<BegunTest> test{};
    bool is_battery_spent = false;  // an outage that is one because the battery is at its end

    bool operator==(const SavedState&) const = default;
  };

  // `is_outage`: one was going on when the state was saved.
  SupplyWatch(const Options& options, const SavedState& saved, bool is_outage)
      : options_(options), saved_(saved), is_outage_(is_outage), was_fit_throughout_(!is_outage) {}

  Supply Read(const Reading& reading, Input input, Moment now);
  // The inverter no longer answers: what its input shows meanwhile is unknown.
  void Silent() { fit_since_.reset(); }

  // A test is about to be asked for, or was refused.
  void BeginTest(Command command, Moment now);
  void DropTest() { saved_.test.reset(); }

  // The utility is there to go back to: since the last reading on it, or, in battery-priority mode, while it is fit.
  bool is_utility_there() const { return is_utility_there_; }
  // In an outage: the input has been in range all along, or for so long that an inverter would have gone back to it.
  bool is_mains_present() const { return is_mains_present_; }
  // The outage may be a short test of a unit that does not tell of tests: the input is in range, and the battery well.
  bool may_be_test() const { return may_be_test_; }
  const SavedState& saved_state() const { return saved_; }

 private:
  Supply Judge(const Reading& reading, bool is_fit, Time now);
  void FollowBattery(const Reading& reading, Time now);
  void FollowTest(const Reading& reading, bool is_fit, Moment now);

  Options options_;
  SavedState saved_;
  bool is_outage_;
  bool was_fit_throughout_;  // in this outage
  bool is_utility_there_ = false;
  bool is_mains_present_ = false;
  bool may_be_test_ = false;
  bool was_on_utility_ = false;     // by the last reading
  std::optional<Time> test_until_;  // by then a short test is over, and one until low has begun
  Duration low_for_{0};             // so long the inverter has said low, on battery
  Duration low_ago_{0};             // since it first did
  Duration cutoff_for_{0};          // so long the voltage has been at or below the cut-off, on battery
  std::optional<Time> low_since_, low_came_, cutoff_since_;
  std::optional<Time> fit_since_;  // the input is in range
};

}  // namespace aims
