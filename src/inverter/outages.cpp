#include "inverter/outages.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr double kDead = 50;         // V: what may be left on a dead line is less
constexpr double kTolerance = 0.15;  // of nominal; AIMS' own transfer limits lie within
// A clock that says more was set meanwhile.
constexpr auto kLongestUnseen = std::chrono::hours(24 * 30);
constexpr auto kClockWasSet = 2s;  // what is less is the clock's own correction

double NominalOf(double volts) {
  if (volts < 109) return 100;
  return volts < 170 ? 120 : 230;
}

std::chrono::milliseconds Since(WallTime then, WallTime now) {
  const auto passed = now - then;
  return passed < 0ms || passed > kLongestUnseen ? 0ms : passed;
}

template <typename Better>
void Keep(std::optional<double>& kept, std::optional<double> value, Better better) {
  if (value && (!kept || better(*value, *kept))) kept = value;
}

}  // namespace

Outages::Outages(SavedState state, std::string boot)
    : state_(std::move(state)), boot_(std::move(boot)), was_silent_(state_.running.has_value()) {
  if (state_.running) cause_now_ = state_.running->cause;
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

Outages::Change Outages::Read(const Reading& reading, double energy, Moment now) {
  const bool is_steady = reading.utility_power && reading.utility_voltage >= kDead;
  if (is_steady) nominal_ = NominalOf(reading.utility_voltage);
  const Change change = reading.utility_power ? Ends(now) : Goes(reading, energy, now);
  was_silent_ = false;
  return change;
}

Cause Outages::CauseOf(const Reading& reading) const {
  const double volts = reading.utility_voltage;
  if (volts < kDead || (nominal_ && volts < *nominal_ / 2)) return Cause::kNoMains;
  if (reading.self_test) return Cause::kTest;
  const double nominal = nominal_.value_or(NominalOf(volts));
  const bool is_fit = volts >= nominal * (1 - kTolerance) && volts <= nominal * (1 + kTolerance);
  return is_fit ? Cause::kMainsPresent : Cause::kOutOfRange;
}

Outages::Change Outages::Goes(const Reading& reading, double energy, Moment now) {
  const Cause cause = cause_now_ = CauseOf(reading);
  const bool is_new = !state_.running;
  if (is_new) state_.running = Outage{.begin = now.wall, .cause = cause, .boot = boot_};
  Outage& outage = *state_.running;
  const bool is_worse = !is_new && cause > outage.cause;
  const bool counts = IsOutage(cause) && (is_new || !IsOutage(outage.cause));
  if (counts) ++state_.total;
  outage.cause = std::max(outage.cause, cause);
  if (!is_new) {
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
  if (is_new) return Change::kBegan;
  return is_worse ? Change::kWorse : Change::kNone;
}

Outages::Change Outages::Ends(Moment now) {
  if (!state_.running) return Change::kNone;
  ended_ = *std::exchange(state_.running, std::nullopt);
  ended_.end = now.wall;
  ended_.end_boot = boot_;
  if (was_silent_) {
    ended_.end_earliest = std::min(state_.last_seen, now.wall);
    ++ended_.gaps;
  } else if (seen_) {
    ended_.duration += std::chrono::round<std::chrono::milliseconds>(now.steady - *seen_);
  }
  seen_.reset();
  unseen_.reset();
  if (!IsOutage(ended_.cause)) return Change::kEnded;
  state_.records.push_back(ended_);
  if (state_.records.size() > kMost) state_.records.pop_front();
  return Change::kEnded;
}

}  // namespace aims
