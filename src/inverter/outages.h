// Outages: when each began, why, how it was, and when it was over. Pure: readings, with the word of whether it is an
// outage (supply.h), and the time come in, records come out. The newest are kept. A host without a clock chip starts
// with a wrong time of day, and is corrected later: what was written by that clock is corrected, too.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "inverter/reading.h"
#include "inverter/utility.h"

namespace aims {

// What the inverter's input showed; what comes later in the list is worse, and wins within one outage.
enum class Cause {
  kUnknown,       // nothing: the inverter does not tell it
  kMainsPresent,  // the utility in range, which the inverter refuses all the same
  kOutOfRange,    // the utility, too low or too high
  kNoMains,       // nothing to speak of
};
inline constexpr std::array<std::string_view, 4> kCauses{"unknown", "mains present", "out of range", "no mains"};
constexpr std::string_view Name(Cause cause) { return kCauses[static_cast<size_t>(cause)]; }
Cause CauseOf(Input input);

struct Outage {
  WallTime begin{};
  std::optional<WallTime> end{};           // nothing: it is not over; while it is interrupted, since when
  std::optional<WallTime> end_earliest{};  // where the end was not seen, it lies between this and `end`
  std::chrono::milliseconds duration{0};   // on battery, as far as it was seen
  Cause cause = Cause::kUnknown;
  std::optional<double> lowest_battery_voltage{};  // V
  std::optional<double> highest_load{};            // %
  double energy = 0;                               // Wh at the output, an estimate
  bool battery_low = false;                        // the inverter's own bit came
  int gaps = 0;                                    // how often the inverter was silent in between
  int interruptions = 0;                           // how often the utility was taken for less than kHolds in between
  bool is_uncertain = false;                       // its times are of two clocks, and one of them was wrong
  std::string boot{};                              // of the host, by whose clock `begin` is; empty: unknown
  std::string end_boot{};                          // likewise, of `end`

  bool operator==(const Outage&) const = default;
};

class Outages {
 public:
  static constexpr size_t kMost = 100;
  // An inverter that refuses the utility may take it and refuse it again and again. That is one outage, which is over
  // when the utility has held for so long. Where the utility was away its return is the end.
  static constexpr std::chrono::seconds kHolds{60};

  struct SavedState {
    uint64_t total = 0;  // outages ever
    std::optional<Outage> running;
    bool is_counted = true;  // `running` is; an earlier version took it for none, because of the utility's voltage
    WallTime last_seen{};    // when `running` was last seen to go on
    std::string boot{};      // of the host, when this was saved; empty: unknown
    // What the clock showed above the time since the host started, then.
    std::optional<std::chrono::milliseconds> clock{};
    std::deque<Outage> records;  // the newest last

    bool operator==(const SavedState&) const = default;
  };

  // What a reading changed.
  enum class Change { kNone, kBegan, kWorse, kInterrupted, kResumed, kEnded };

  // `boot`: the host's, now; empty where that is unknown.
  explicit Outages(SavedState state, std::string boot = {});

  // To be called first with each outcome of a poll. By how much the clock was set forward meanwhile: the times of this
  // boot are shifted by that.
  std::chrono::milliseconds FollowClock(Moment now);

  // Ends an interrupted outage that is over by now, with what the reading that is at hand says; true: it has. To be
  // called before Read, which may begin another one. `cause`: nothing, where the reading is of no outage.
  bool Settle(std::optional<Cause> cause, Moment now);
  // `energy`: Wh given on battery since the reading before.
  Change Read(const Reading& reading, std::optional<Cause> cause, double energy, Moment now);
  void Silent() { was_silent_ = true; }

  // The one that goes on, or is interrupted.
  const std::optional<Outage>& running() const { return state_.running; }
  // It goes on, as far as was seen.
  bool is_on() const { return state_.running && state_.is_counted && !state_.running->end; }
  bool is_interrupted() const { return state_.running && state_.running->end; }
  const Outage* last() const { return state_.records.empty() ? nullptr : &state_.records.back(); }
  // The one that ended with the last Settle or Read.
  const Outage& ended() const { return ended_; }
  // How many of those that are kept ended by themselves, with the utility in range all along.
  size_t CountWithMains() const;
  const SavedState& saved_state() const { return state_; }

 private:
  Change Goes(const Reading& reading, Cause cause, double energy, Moment now);
  Change Stops(Moment now);
  void Record();
  void Shift(std::chrono::milliseconds jump);

  SavedState state_;
  std::string boot_;
  Outage ended_;
  std::optional<std::chrono::steady_clock::time_point> seen_;         // the running one, in this run
  std::optional<std::chrono::steady_clock::time_point> interrupted_;  // likewise
  bool was_silent_;
  // Time that went by while no program ran, counted for the running one in this run.
  struct Unseen {
    WallTime from, until;
    std::chrono::milliseconds counted;
  };
  std::optional<Unseen> unseen_;
};

}  // namespace aims
