#include "inverter/outages.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace aims {
namespace {

using namespace std::chrono_literals;

// A clock that says more was set meanwhile.
constexpr auto kLongestUnseen = std::chrono::hours(24 * 30);
constexpr auto kClockWasSet = 2s;  // what is less is the clock's own correction

std::chrono::milliseconds Since(WallTime then, WallTime now) {
  const auto passed = now - then;
  return passed < 0ms || passed > kLongestUnseen ? 0ms : passed;
}

template <typename Better>
void Keep(std::optional<double>& kept, std::optional<double> value, Better better) {
  if (value && (!kept || better(*value, *kept))) kept = value;
}

}  // namespace

Cause CauseOf(Input input) {
  switch (input) {
    case Input::kUnknown:
      return Cause::kUnknown;
    case Input::kInRange:
      return Cause::kMainsPresent;
    case Input::kOutOfRange:
      return Cause::kOutOfRange;
    case Input::kNone:
      return Cause::kNoMains;
  }
  return Cause::kUnknown;
}

Outages::Outages(SavedState state, std::string boot)
    : state_(std::move(state)), boot_(std::move(boot)), was_silent_(state_.running.has_value()) {
  if (state_.boot != boot_) state_.clock.reset();  // of another start of the host
  state_.boot = boot_;
}

std::chrono::milliseconds Outages::FollowClock(Moment now) {
  const auto shown =
      now.wall.time_since_epoch() - std::chrono::floor<std::chrono::milliseconds>(now.steady.time_since_epoch());
  const auto jump = shown - std::exchange(state_.clock, shown).value_or(shown);
  if (boot_.empty() || std::chrono::abs(jump) < kClockWasSet) return 0ms;
  Shift(jump);
  return jump;
}

// Times of an earlier boot stand: that one's clock is unknown. Where both are in one record it is uncertain.
void Outages::Shift(std::chrono::milliseconds jump) {
  const auto shift = [&](Outage& outage) {
    const bool begins_here = outage.boot == boot_;
    const bool ends_here = !outage.end || outage.end_boot == boot_;
    if (begins_here) outage.begin += jump;
    if (begins_here && outage.end_earliest) *outage.end_earliest += jump;
    if (ends_here && outage.end) *outage.end += jump;
    if (begins_here == ends_here) return;
    outage.is_uncertain = true;
    if (!outage.end_earliest) return;
    outage.end_earliest = std::clamp(*outage.end_earliest, std::min(outage.begin, *outage.end), *outage.end);
  };
  for (Outage& outage : state_.records) {
    if (outage.boot == boot_ || outage.end_boot == boot_) shift(outage);
  }
  if (!state_.running) return;
  shift(*state_.running);
  if (seen_) state_.last_seen += jump;
  if (const auto unseen = std::exchange(unseen_, std::nullopt)) {
    state_.running->duration += Since(unseen->from, unseen->until + jump) - unseen->counted;
  }
}

bool Outages::Settle(std::optional<Cause> cause, Moment now) {
  if (!is_interrupted()) return false;
  if (!interrupted_) {  // in an earlier run
    interrupted_ = now.steady - Since(*state_.running->end, now.wall);
  }
  const bool may_go_on = !cause || *cause == Cause::kMainsPresent || *cause == Cause::kOutOfRange;
  if (may_go_on && now.steady - *interrupted_ < kHolds) return false;
  Record();
  return true;
}

Outages::Change Outages::Read(const Reading& reading, std::optional<Cause> cause, double energy, Moment now) {
  const Change change = cause ? Goes(reading, *cause, energy, now) : Stops(now);
  was_silent_ = false;
  return change;
}

Outages::Change Outages::Goes(const Reading& reading, Cause cause, double energy, Moment now) {
  const bool is_new = !state_.running;
  const bool is_resumed = is_interrupted();
  if (is_new) state_.running = Outage{.begin = now.wall, .cause = cause, .boot = boot_};
  Outage& outage = *state_.running;
  const bool is_counted = !is_new && std::exchange(state_.is_counted, true);
  if (!is_counted) ++state_.total;
  const bool is_worse = cause > outage.cause;
  outage.cause = std::max(outage.cause, cause);
  if (is_resumed) {
    outage.end.reset();
    outage.end_earliest.reset();
    outage.end_boot.clear();
    ++outage.interruptions;
  } else if (!is_new) {
    if (!seen_) unseen_ = Unseen{state_.last_seen, now.wall, Since(state_.last_seen, now.wall)};
    outage.duration += seen_ ? std::chrono::round<std::chrono::milliseconds>(now.steady - *seen_) : unseen_->counted;
    if (was_silent_) ++outage.gaps;
  }
  outage.energy += energy;
  outage.battery_low = outage.battery_low || reading.battery_low;
  Keep(outage.lowest_battery_voltage, reading.battery_voltage, std::less<>());
  Keep(outage.highest_load, reading.load, std::greater<>());
  seen_ = now.steady;
  state_.last_seen = now.wall;
  if (!is_counted) return Change::kBegan;
  if (is_worse) return Change::kWorse;
  return is_resumed ? Change::kResumed : Change::kNone;
}

Outages::Change Outages::Stops(Moment now) {
  if (!std::exchange(state_.is_counted, true)) state_.running.reset();  // an earlier version's, and none
  if (!is_on()) return Change::kNone;
  Outage& outage = *state_.running;
  outage.end = now.wall;
  outage.end_boot = boot_;
  if (was_silent_) {
    outage.end_earliest = std::min(state_.last_seen, now.wall);
    ++outage.gaps;
  } else if (seen_) {
    outage.duration += std::chrono::round<std::chrono::milliseconds>(now.steady - *seen_);
  }
  seen_.reset();
  unseen_.reset();
  interrupted_ = now.steady;
  if (outage.cause == Cause::kMainsPresent || outage.cause == Cause::kOutOfRange) return Change::kInterrupted;
  Record();
  return Change::kEnded;
}

void Outages::Record() {
  ended_ = *std::exchange(state_.running, std::nullopt);
  state_.records.push_back(ended_);
  if (state_.records.size() > kMost) state_.records.pop_front();
}

size_t Outages::CountWithMains() const {
  return std::count_if(state_.records.begin(), state_.records.end(),
                       [](const Outage& outage) { return outage.cause == Cause::kMainsPresent; });
}

}  // namespace aims
