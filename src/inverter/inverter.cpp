#include "inverter/inverter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr double kMostOfCell = 3;           // V: on-line units tell the voltage of one cell
constexpr double kChargeWorthSaving = 0.1;  // of the capacity
constexpr double kFullEnough = 0.98;
constexpr double kMostChargeSpread = 60;   // points: a charge that is no better known is unknown
constexpr double kMostRuntimeSpread = 4;   // times the least
constexpr double kLeadNearlyEmpty = 11.0;  // V of a 12 V block under load: 3 to 9 % of all that it gives are left

ShutdownOptions WithDefaults(ShutdownOptions shutdown, const BatteryOptions& battery) {
  const bool is_lithium = battery.type == BatteryType::kLifepo4;
  if (!shutdown.voltage && is_lithium && battery.nominal_voltage) shutdown.voltage = *battery.nominal_voltage;
  return shutdown;
}

// What advises while no charge is known, and the owner chose no voltage.
std::optional<double> SafetyVoltage(const InverterOptions& options) {
  const BatteryOptions& battery = options.battery;
  const bool is_lead = battery.type && battery.type != BatteryType::kLifepo4;
  if (!is_lead || !battery.nominal_voltage || options.shutdown.voltage) return {};
  return kLeadNearlyEmpty * *battery.nominal_voltage / 12;
}

std::optional<double> Rounded(std::optional<double> number, double step) {
  if (!number) return {};
  return std::round(*number / step) * step;
}

bool IsFull(const Battery::SavedState& battery) { return battery.charge && battery.charge->mean >= kFullEnough; }

double InKilowattHours(double energy) { return std::floor(energy / 10) / 100; }

}  // namespace

Inverter::Inverter(const InverterOptions& options, const SavedInverter& saved, std::string run, std::string boot)
    : device_(options.device),
      run_(std::move(run)),
      boot_(std::move(boot)),
      nominal_voltage_(options.battery.nominal_voltage),
      safety_voltage_(SafetyVoltage(options)),
      longest_step_(std::chrono::duration_cast<Duration>(options.poll_interval) + kLatest),
      shutdown_runtime_(InSeconds(options.shutdown.runtime)),
      outages_(saved.outages, boot_),
      battery_(options.battery, saved.battery.battery),
      energy_(saved.battery.energy),
      advisor_(WithDefaults(options.shutdown, options.battery), saved.battery.shutdown_advised),
      saved_battery_(saved.battery),
      is_same_boot_(!boot_.empty() && saved.battery.boot == boot_),
      was_pack_(saved.battery.was_pack),
      has_thermometer_(saved.battery.has_thermometer) {
  if (saved.battery.shutdown_advised && outages_.saved_state().total > 0) advised_in_ = outages_.saved_state().total;
  Estimate();
  Show();
}

Update Inverter::Apply(Reading reading, Moment now) {
  TakeForPack(reading);
  TakeForTemperature(reading);
  Update update{.now = now, .is_reading = true};
  if (!snapshot_.connected) update.connection = Connection::kBack;
  FollowClock(now, update);
  if (!followed_at_) FollowRestart(now);
  heard_at_ = now.wall;
  const Battery::SavedState before = battery_.saved_state();
  const int corrections = battery_.corrections();
  const double energy = FollowBattery(reading, Passed(now.steady));
  snapshot_.reading = reading;
  snapshot_.connected = true;
  silent_since_.reset();
  misses_ = 0;
  // First that it answers again, then the power, then the rest.
  if (events_.Back()) AddEvent(EventType::kConnectionRestored, update);
  FollowOutage(reading, energy, update);
  FollowBriefOutage(reading, update);
  const Battery::SavedState after = battery_.saved_state();
  if (battery_.corrections() != corrections)
    update.lines.push_back(RuntimeCorrected(battery_.runtime().value_or(Range{}).value));
  if (after.drain != before.drain) update.lines.push_back(Learned(*battery_.learned()));
  if (!after.on_battery && IsFull(after) && !IsFull(before)) update.lines.push_back(BatteryFull());
  for (const EventType type : events_.Read(reading)) AddEvent(type, update);
  Conclude(update);
  was_read_ = true;
  return update;
}

Update Inverter::Missed(Moment now) {
  misses_ = std::min(misses_ + 1, kMissesUntilSilent);
  if (misses_ >= kMissesUntilSilent || !snapshot_.connected) return Silence(now);
  Update update{.now = now};
  FollowClock(now, update);
  return update;
}

Update Inverter::Gone(Moment now) {
  misses_ = 0;
  return Silence(now);
}

Update Inverter::RequestShutdown(Moment now) {
  Update update{.now = now};
  if (!snapshot_.in_outage) return update;
  advisor_.Request();
  Conclude(update);
  return update;
}

Update Inverter::SetNutClients(std::vector<NutClient> clients, Moment now) {
  snapshot_.nut_clients = std::move(clients);
  return {.now = now};
}

void Inverter::OnSaved(const SavedInverter& saved, Time now) {
  energy_.OnSaved(saved.battery.energy, now);
  saved_battery_ = saved.battery;
  ShowEnergy();
}

SavedInverter Inverter::saved() const {
  return {outages_.saved_state(),
          {battery_.saved_state(), energy_.saved_state(), advisor_.is_advised(), was_pack_, has_thermometer_, heard_at_,
           boot_}};
}

Update Inverter::Silence(Moment now) {
  Update update{.now = now};
  FollowClock(now, update);
  if (snapshot_.connected) update.connection = Connection::kLost;
  snapshot_.connected = false;
  snapshot_.reading.reset();
  if (!silent_since_) silent_since_ = now.steady;
  if (update.connection == Connection::kLost && events_.Silent()) AddEvent(EventType::kConnectionLost, update);
  brief_outages_.Silent();
  outages_.Silent();
  if (!followed_at_) FollowRestart(now);
  heard_at_ = now.wall;
  battery_.Unseen(Passed(now.steady));
  Conclude(update);
  return update;
}

// On-line units tell the voltage of one cell; a pack's voltage that low is a dead one's.
void Inverter::TakeForPack(Reading& reading) {
  if (reading.battery_voltage >= kMostOfCell) {
    was_pack_ = true;
  } else if (nominal_voltage_ && !was_pack_) {
    reading.battery_voltage *= *nominal_voltage_ / 2;
  }
}

// Where nothing is measured it says 0.0, for ever.
void Inverter::TakeForTemperature(Reading& reading) {
  if (reading.temperature && *reading.temperature != 0) has_thermometer_ = true;
  if (!has_thermometer_) reading.temperature.reset();
}

// The time since the last save went by unseen. A clock that went back says nothing of it.
void Inverter::FollowRestart(Moment now) {
  const WallTime saved_at = saved_battery_.saved_at;
  if (saved_at == WallTime{}) return;
  if (saved_battery_.boot != boot_) restart_ = Restart{saved_at, now.wall};
  if (now.wall > saved_at) battery_.OnGap(now.wall - saved_at);
}

// A host without a clock chip learns the time of day from the network, when it can.
void Inverter::FollowClock(Moment now, Update& update) {
  update.clock_set = outages_.FollowClock(now);
  if (update.clock_set == 0ms) return;
  update.save_outages = true;
  update.lines.push_back(ClockWasSet());
  // How long no program ran is known only now.
  const auto restart = std::exchange(restart_, std::nullopt);
  if (!restart) return;
  const auto counted = std::max<std::chrono::milliseconds>(0ms, restart->at - restart->saved_at);
  const auto passed = restart->at + update.clock_set - restart->saved_at;
  if (passed > counted) battery_.OnGap(passed - counted);
}

// Since the outcome before.
Battery::Seconds Inverter::Passed(Time now) {
  const Battery::Seconds time = followed_at_ ? now - *followed_at_ : Duration(0);
  followed_at_ = now;
  if (time > longest_step_) {
    outages_.Silent();
    brief_outages_.Silent();
  }
  if (time <= kLongestStep) return time;
  battery_.OnGap(time);
  return Battery::Seconds(0);
}

// Battery and energy over `time`, at the end of which `reading` was taken; the Wh that the battery gave meanwhile.
double Inverter::FollowBattery(const Reading& reading, Battery::Seconds time) {
  const bool on_battery = !reading.utility_power || reading.self_test;
  const auto power = battery_.LoadPower(reading.load, on_battery);
  snapshot_.load_power = Rounded(power, 1);
  if (on_battery) {
    battery_.OnBattery(reading.battery_voltage, reading.load, reading.battery_low, time);
    watch_.OnBattery();
  } else {
    battery_.OnMains(reading.battery_voltage, reading.load, time);
    watch_.OnMains(reading.battery_voltage, battery_.LowestHeld(), nominal_voltage_, time);
  }
  return power ? energy_.Add(*power, time, on_battery, *followed_at_) : 0;
}

void Inverter::FollowOutage(const Reading& reading, double energy, Update& update) {
  const bool was_outage = outages_.running() && IsOutage(outages_.running()->cause);
  const bool is_taken_up = !was_read_ && outages_.running();
  const Outages::Change change = outages_.Read(reading, energy, update.now);
  update.save_outages = update.save_battery = change != Outages::Change::kNone;
  if (change == Outages::Change::kEnded) {
    update.lines.push_back(Ended(outages_.ended(), reading));
    if (was_outage) AddEvent(EventType::kPowerRestored, update);
    return;
  }
  if (!outages_.running()) return;
  if (change != Outages::Change::kNone || is_taken_up) update.lines.push_back(Began(*outages_.running(), reading));
  if (!was_outage && IsOutage(outages_.running()->cause)) AddEvent(EventType::kPowerLost, update);
}

void Inverter::FollowBriefOutage(const Reading& reading, Update& update) {
  const auto voltage = brief_outages_.Read(reading, outages_.nominal(), update.now.steady);
  if (!voltage) return;
  AddEvent(EventType::kPowerLost, update, voltage);
  AddEvent(EventType::kPowerRestored, update, voltage);
  update.lines.push_back(BriefOutage(*voltage));
}

// What follows from all that is known now.
void Inverter::Conclude(Update& update) {
  const bool was_advised = snapshot_.shutdown_advised;
  const bool was_problem = snapshot_.battery_problem;
  Estimate();
  FollowAdvice(update.now.steady);
  Show();
  TellChanges(was_advised, was_problem, update);
  DecideSaves(was_advised, update);
}

// Charge and runtime, as far as they are known. Their ranges are told in any case.
void Inverter::Estimate() {
  charge_ = battery_.charge();
  runtime_ = battery_.runtime();
  const auto spread = [](const std::optional<Range>& range, double unit, double step) -> std::optional<Spread> {
    if (!range) return {};
    return Spread{*Rounded(range->least * unit, step), *Rounded(range->most * unit, step)};
  };
  snapshot_.battery_charge_range = spread(charge_, 100, 1);
  snapshot_.battery_runtime_range = spread(runtime_, 1, 10);
  if (charge_ && (charge_->most - charge_->least) * 100 > kMostChargeSpread) charge_.reset();
  const bool is_vague =
      runtime_ && runtime_->most > kMostRuntimeSpread * runtime_->least && runtime_->least > shutdown_runtime_;
  if (!charge_ || is_vague) runtime_.reset();
}

void Inverter::FollowAdvice(Time now) {
  const std::optional<Outage>& running = outages_.running();
  ShutdownAdvisor::Input input;
  input.on_battery = running.has_value();
  if (silent_since_) input.silent_for = now - *silent_since_;
  if (running) input.on_battery_for = running->duration + input.silent_for.value_or(0ms);
  if (charge_) input.charge = charge_->value * 100;
  if (runtime_) input.runtime = runtime_->least;
  if (!charge_) input.safety_voltage = safety_voltage_;
  if (running && !IsOutage(outages_.cause_now())) {
    input.counts =
        outages_.cause_now() == Cause::kTest ? ShutdownAdvisor::Counts::kNothing : ShutdownAdvisor::Counts::kBatteryLow;
  }
  if (snapshot_.reading) {
    input.voltage = snapshot_.reading->battery_voltage;
    input.battery_low = snapshot_.reading->battery_low;
  }
  // Before the first reading an outage that an earlier run saw goes on, but not one from before the host started: the
  // power may have come back since.
  if (was_read_ || snapshot_.reading || (running && is_same_boot_)) advisor_.Follow(input, now);
}

// Puts everything that is known into the snapshot, rounded.
void Inverter::Show() {
  snapshot_.status = StatusNow();
  if (!snapshot_.reading) snapshot_.load_power.reset();
  const std::optional<Outage>& running = outages_.running();
  snapshot_.in_outage = running && IsOutage(outages_.cause_now());
  snapshot_.on_battery_since = running ? std::optional(running->begin) : std::nullopt;
  const Outage* last = outages_.last();
  snapshot_.last_outage = last ? std::optional(last->begin) : std::nullopt;
  snapshot_.last_outage_duration = last ? std::optional(std::round(InSeconds(last->duration))) : std::nullopt;
  snapshot_.last_outage_record = last ? std::optional(*last) : std::nullopt;
  snapshot_.outages.value = static_cast<double>(outages_.saved_state().total);
  const auto percent = [](double share) { return share * 100; };
  const auto health = battery_.health();
  snapshot_.battery_charge = charge_ ? Rounded(percent(charge_->value), 1) : std::nullopt;
  snapshot_.battery_runtime = runtime_ ? Rounded(runtime_->value, runtime_->value < 300 ? 1 : 10) : std::nullopt;
  snapshot_.battery_health = health ? Rounded(percent(*health), 1) : std::nullopt;
  snapshot_.battery_problem = watch_.is_problem();
  snapshot_.shutdown_advised = advisor_.is_advised();
  snapshot_.shutdown_reasons = advisor_.reasons();
  snapshot_.safe_to_start = advisor_.is_safe_to_start();
  ShowEnergy();
}

// As far as it is saved.
void Inverter::ShowEnergy() {
  snapshot_.energy_on_battery.value = InKilowattHours(energy_.told().on_battery);
  snapshot_.energy_total.value = InKilowattHours(energy_.told().total);
}

void Inverter::TellChanges(bool was_advised, bool was_problem, Update& update) {
  if (!was_advised && snapshot_.shutdown_advised) {
    advised_in_ = OutageOf(EventType::kPowerLost);
    AddEvent(EventType::kShutdownAdvised, update);
    update.lines.push_back(ShutdownAdvised(snapshot_.shutdown_reasons));
  }
  if (was_advised && !snapshot_.shutdown_advised) {
    AddEvent(EventType::kShutdownWithdrawn, update);
    update.lines.push_back(ShutdownWithdrawn());
  }
  if (!was_problem && snapshot_.battery_problem) {
    AddEvent(EventType::kBatteryProblem, update);
    update.lines.push_back(BatteryProblem());
  }
  if (was_problem && !snapshot_.battery_problem) update.lines.push_back(BatteryWell());
}

void Inverter::DecideSaves(bool was_advised, Update& update) const {
  const Battery::SavedState now = battery_.saved_state();
  const Battery::SavedState& before = saved_battery_.battery;
  const auto charge = [](const Battery::SavedState& state) { return state.charge.value_or(Belief{}).mean; };
  const bool has_moved = now.charge.has_value() != before.charge.has_value() ||
                         std::abs(charge(now) - charge(before)) >= kChargeWorthSaving;
  update.save_battery = update.save_battery || energy_.IsDue(update.now.steady) || has_moved ||
                        now.drain != before.drain || now.on_battery != before.on_battery ||
                        was_pack_ != saved_battery_.was_pack || has_thermometer_ != saved_battery_.has_thermometer ||
                        was_advised != snapshot_.shutdown_advised;
  update.save_outages = update.save_outages || (outages_.running() && update.save_battery);
}

void Inverter::AddEvent(EventType type, Update& update, std::optional<double> fault_voltage) {
  const std::string id = fault_voltage ? fmt::format("{}-{}-{}", run_, device_.id, ++events_told_) : NextId(type);
  update.events.push_back({device_.id, type, id, update.now.wall, update.now.steady, fault_voltage});
}

// "<inverter>-<number of the outage>-<what>", and "-2" for the second time in it: what a run that began after a sudden
// end would say, too.
std::string Inverter::NextId(EventType type) {
  const auto outage = OutageOf(type);
  if (!outage) return fmt::format("{}-{}-{}", run_, device_.id, ++events_told_);
  if (std::exchange(told_of_, *outage) != *outage) told_in_outage_ = {};
  const unsigned times = ++told_in_outage_[static_cast<size_t>(type)];
  const std::string id = fmt::format("{}-{}-{}", device_.id, *outage, Slug(Name(type)));
  return times == 1 ? id : fmt::format("{}-{}", id, times);
}

// The number of the outage that an event belongs to.
std::optional<uint64_t> Inverter::OutageOf(EventType type) const {
  const auto running = outages_.running() && IsOutage(outages_.running()->cause)
                           ? std::optional(outages_.saved_state().total)
                           : std::nullopt;
  switch (type) {
    case EventType::kPowerLost:
    case EventType::kBatteryLow:
    case EventType::kBatteryOk:
      return running;
    case EventType::kPowerRestored:
      return outages_.saved_state().total;
    case EventType::kShutdownAdvised:
    case EventType::kShutdownWithdrawn:
      return advised_in_;
    default:
      return {};
  }
}

std::optional<Status> Inverter::StatusNow() const {
  if (!snapshot_.reading) return {};
  const Reading& reading = *snapshot_.reading;
  if (reading.ups_failed) return Status::kFault;
  if (reading.battery_low) return Status::kBatteryLow;
  if (reading.self_test) return Status::kSelfTest;
  return reading.utility_power ? Status::kOnline : Status::kOnBattery;
}

}  // namespace aims
