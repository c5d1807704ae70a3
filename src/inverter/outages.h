// Outages: when the inverter went on battery, why, how it was, and when it was over. Pure: readings and the time come
// in, records come out. The newest are kept. A host without a clock chip starts with a wrong time of day, and is
// corrected later: what was written by that clock is corrected, too.

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

namespace aims {

// Why it runs on battery; what comes later in the list is worse, and wins within one outage. The first two are no
// outages: the mains are there. But the battery drains all the same.
enum class Cause {
  kMainsPresent,  // in battery-priority mode, or while the inverter still tries the mains that are back
  kTest,          // b2
  kOutOfRange,    // the mains are there, and too low or too high
  kNoMains,       // below half of nominal, or 50 V
};
inline constexpr std::array<std::string_view, 4> kCauses{"mains present", "test", "out of range", "no mains"};
constexpr std::string_view Name(Cause cause) { return kCauses[static_cast<size_t>(cause)]; }
constexpr bool IsOutage(Cause cause) { return cause >= Cause::kOutOfRange; }

struct Outage {
  WallTime begin{};
  std::optional<WallTime> end{};           // nothing: it is not over
  std::optional<WallTime> end_earliest{};  // where the end was not seen, it lies between this and `end`
  std::chrono::milliseconds duration{0};   // as far as it was seen
  Cause cause = Cause::kMainsPresent;
  std::optional<double> lowest_battery_voltage{};  // V
  std::optional<double> highest_load{};            // %
  double energy = 0;                               // Wh at the output, an estimate
  bool battery_low = false;                        // the inverter's own bit came
  int gaps = 0;                                    // how often the inverter was silent in between
  bool is_uncertain = false;                       // its times are of two clocks, and one of them was wrong
  std::string boot{};                              // of the host, by whose clock `begin` is; empty: unknown
  std::string end_boot{};                          // likewise, of `end`

  bool operator==(const Outage&) const = default;
};

class Outages {
 public:
  static constexpr size_t kMost = 100;

  struct SavedState {
    uint64_t total = 0;             // outages ever
    std::optional<Outage> running;  // of any cause
    WallTime last_seen{};           // when `running` was last seen to go on
    std::string boot{};             // of the host, when this was saved; empty: unknown
    // What the clock showed above the time since the host started, then.
    std::optional<std::chrono::milliseconds> clock{};
    std::deque<Outage> records;  // the newest last

    bool operator==(const SavedState&) const = default;
  };

  // What a reading changed.
  enum class Change { kNone, kBegan, kWorse, kEnded };

  // `boot`: the host's, now; empty where that is unknown.
  explicit Outages(SavedState state, std::string boot = {});

  // To be called first with each outcome of a poll. By how much the clock was set forward meanwhile: the times of this
  // boot are shifted by that.
  std::chrono::milliseconds FollowClock(Moment now);

  // `energy`: Wh given on battery since the reading before.
  Change Read(const Reading& reading, double energy, Moment now);
  void Silent() { was_silent_ = true; }

  // The one that goes on, or that ended with the last Read.
  const std::optional<Outage>& running() const { return state_.running; }
  const Outage* last() const { return state_.records.empty() ? nullptr : &state_.records.back(); }
  const SavedState& saved_state() const { return state_; }
  // Of the last reading on battery, while one goes on.
  Cause cause_now() const { return cause_now_; }
  // The one that ended with the last Read, of any cause.
  const Outage& ended() const { return ended_; }

  // V, of the last steady mains: 100, 120 or 230; nothing before there were any.
  std::optional<double> nominal() const { return nominal_; }

 private:
  Cause CauseOf(const Reading& reading) const;
  Change Goes(const Reading& reading, double energy, Moment now);
  Change Ends(Moment now);
  void Shift(std::chrono::milliseconds jump);

  SavedState state_;
  std::string boot_;
  Outage ended_;
  Cause cause_now_ = Cause::kNoMains;
  std::optional<double> nominal_;
  std::optional<std::chrono::steady_clock::time_point> seen_;  // the running one, in this run
  bool was_silent_;
  // Time that went by while no program ran, counted for the running one in this run.
  struct Unseen {
    WallTime from, until;
    std::chrono::milliseconds counted;
  };
  std::optional<Unseen> unseen_;
};

}  // namespace aims
