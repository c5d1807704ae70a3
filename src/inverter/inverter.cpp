#include "inverter/inverter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr double kMostOfCell = 3;           // V: on-line units tell the voltage of one cell
constexpr size_t kWorthAHint = 2;           // outages with the utility in range
constexpr double kChargeWorthSaving = 0.1;  // of the capacity
constexpr double kFullEnough = 0.98;
constexpr double kMostChargeSpread = 60;   // points: a charge that is no better known is unknown
constexpr double kMostRuntimeSpread = 4;   // times the least
constexpr double kChargeAtEnd = 0.05;      // a battery that is plainly at its end has no more, whatever was counted
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

std::optional<Spread> SpreadOf(const std::optional<Range>& range, double unit, double step) {
  if (!range) return {};
  return Spread{*Rounded(range->least * unit, step), *Rounded(range->most * unit, step)};
}

bool IsFull(const Battery::SavedState& battery) { return battery.charge && battery.charge->mean >= kFullEnough; }

double InKilowattHours(double energy) { return std::floor(energy / 10) / 100; }

}  // namespace

Inverter::Inverter(const InverterOptions& options, const SavedInverter& saved, std::string run, std::string boot)
    : device_(options.device),
      run_(std::move(run)),
      boot_(std::move(boot)),
      has_battery_priority_(options.has_battery_priority),
      nominal_voltage_(options.battery.nominal_voltage),
      safety_voltage_(SafetyVoltage(options)),
      longest_step_(std::chrono::duration_cast<Duration>(options.poll_interval) + kLatest),
      shutdown_runtime_(InSeconds(options.shutdown.runtime)),
      utility_(options.utility_voltage, saved.battery.utility_voltage),
      outages_(saved.outages, boot_),
      battery_(options.battery, saved.battery.battery),
      supply_watch_({options.has_battery_priority, battery_.Cutoff(), options.shutdown.restore_delay},
                    saved.battery.supply, outages_.is_on()),
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
  FollowSupply(reading, energy, update);
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

Update Inverter::BeginTest(Command command, Moment now) {
  supply_watch_.BeginTest(command, now);
  return {.now = now, .save_battery = true};
}

Update Inverter::DropTest(Moment now) {
  supply_watch_.DropTest();
  return {.now = now, .save_battery = true};
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
          {battery_.saved_state(), energy_.saved_state(), advisor_.is_advised(), was_pack_, has_thermometer_,
           utility_.learned(), supply_watch_.saved_state(), heard_at_, boot_}};
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
  supply_watch_.Silent();
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
    supply_watch_.Silent();
  }
  if (time <= kLongestStep) return time;
  battery_.OnGap(time);
  return Battery::Seconds(0);
}

// Battery and energy over `time`, at the end of which `reading` was taken; the Wh that the battery gave meanwhile.
double Inverter::FollowBattery(const Reading& reading, Battery::Seconds time) {
  const bool on_battery = IsDischarging(reading);
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

void Inverter::FollowSupply(const Reading& reading, double energy, Update& update) {
  const Input input = utility_.InputOf(reading);
  const auto saved = supply_watch_.saved_state();
  const Supply before = std::exchange(supply_, supply_watch_.Read(reading, input, update.now));
  const bool has_learned = utility_.Read(reading, update.now.steady);
  update.save_battery = has_learned || saved != supply_watch_.saved_state();
  last_words_.reset();
  if (supply_ == Supply::kOutage) last_words_ = LastWords{reading.battery_voltage, reading.battery_low};
  TellSupply(before, reading, update);
  FollowOutage(reading, input, energy, update);
}

// On battery, and no outage; and the end of that.
void Inverter::TellSupply(Supply before, const Reading& reading, Update& update) const {
  if (supply_ == before) return;
  if (IsNoOutage(supply_)) update.lines.push_back(OnBattery(supply_, reading));
  if (supply_ == Supply::kUtility && IsNoOutage(before)) update.lines.push_back(BackOnUtility(reading));
}

void Inverter::FollowOutage(const Reading& reading, Input input, double energy, Update& update) {
  using Change = Outages::Change;
  const auto cause = supply_ == Supply::kOutage ? std::optional(CauseOf(input)) : std::nullopt;
  const bool is_taken_up = !was_read_ && outages_.is_on();
  if (outages_.Settle(cause, update.now)) TellEnd(reading, update);
  const Change change = outages_.Read(reading, cause, energy, update.now);
  const bool is_first = change == Change::kInterrupted && outages_.running()->interruptions == 0;
  if (change != Change::kNone) update.save_outages = update.save_battery = true;
  if (change == Change::kEnded) TellEnd(reading, update);
  if (is_first) update.lines.push_back(Interrupted(reading));
  const bool goes_on = is_taken_up && outages_.is_on();
  if (change == Change::kBegan || change == Change::kWorse || goes_on) {
    update.lines.push_back(Began(*outages_.running(), reading));
  }
  if (change == Change::kBegan) AddEvent(EventType::kPowerLost, update);
}

void Inverter::TellEnd(const Reading& reading, Update& update) {
  update.save_outages = update.save_battery = true;
  update.lines.push_back(Ended(outages_.ended(), reading));
  AddEvent(EventType::kPowerRestored, update);
  const bool is_with_mains = outages_.ended().cause == Cause::kMainsPresent;
  if (!has_battery_priority_ && is_with_mains && outages_.CountWithMains() == kWorthAHint) {
    update.lines.push_back({LogLevel::kInfo, std::string(kBatteryPriorityHint)});
  }
}

void Inverter::FollowBriefOutage(const Reading& reading, Update& update) {
  const auto voltage = brief_outages_.Read(reading, utility_.nominal(), update.now.steady);
  if (!voltage) return;
  AddEvent(EventType::kPowerLost, update, voltage);
  AddEvent(EventType::kPowerRestored, update, voltage);
  update.lines.push_back(BriefOutage(*voltage));
}

// What follows from all that is known now.
void Inverter::Conclude(Update& update) {
  const Snapshot before = snapshot_;
  Estimate();
  FollowAdvice(update.now.steady);
  CapAtEnd();
  Show();
  TellChanges(before, update);
  DecideSaves(before.shutdown_advised, update);
}

// Charge and runtime, as far as they are known. Their ranges are told in any case.
void Inverter::Estimate() {
  charge_ = battery_.charge();
  runtime_ = battery_.runtime();
  snapshot_.battery_charge_range = SpreadOf(charge_, 100, 1);
  snapshot_.battery_runtime_range = SpreadOf(runtime_, 1, 10);
  if (charge_ && (charge_->most - charge_->least) * 100 > kMostChargeSpread) charge_.reset();
  const bool is_vague =
      runtime_ && runtime_->most > kMostRuntimeSpread * runtime_->least && runtime_->least > shutdown_runtime_;
  if (!charge_ || is_vague) runtime_.reset();
}

// Hard evidence beats the model. What was counted goes on inside, and may be right again; nobody is told of hours that
// are left while the inverter may switch off at any moment.
void Inverter::CapAtEnd() {
  snapshot_.may_switch_off = advisor_.is_battery_ending() && !IsNoOutage(supply_);
  if (!snapshot_.may_switch_off) return;
  const auto charge = battery_.charge();
  const auto runtime = battery_.runtime();
  if (charge) charge_ = {std::min(charge->value, kChargeAtEnd), 0, std::min(charge->most, kChargeAtEnd)};
  if (charge && runtime) {
    const double share = std::min(1.0, kChargeAtEnd / std::max(charge->value, kChargeAtEnd));
    const double most = std::min(runtime->value * share, battery_.RuntimeByVoltage().value_or(0));
    runtime_ = {most, 0, most};
  }
  snapshot_.battery_charge_range = SpreadOf(charge_, 100, 1);
  snapshot_.battery_runtime_range = SpreadOf(runtime_, 1, 10);
}

void Inverter::FollowAdvice(Time now) {
  const std::optional<Outage>& running = outages_.running();
  ShutdownAdvisor::Input input;
  input.in_outage = outages_.is_on();
  input.is_interrupted = outages_.is_interrupted();
  input.is_utility_there = snapshot_.reading && supply_watch_.is_utility_there();
  input.may_be_test = supply_watch_.may_be_test();
  if (silent_since_) input.silent_for = now - *silent_since_;
  if (running) input.on_battery_for = running->duration + input.silent_for.value_or(0ms);
  if (charge_) input.charge = charge_->value * 100;
  if (runtime_) input.runtime = runtime_->least;
  if (!charge_) input.safety_voltage = safety_voltage_;
  input.cutoff_voltage = battery_.Cutoff();
  if (snapshot_.reading) {
    input.voltage = snapshot_.reading->battery_voltage;
    input.battery_low = snapshot_.reading->battery_low;
  } else if (last_words_) {
    input.voltage = last_words_->voltage;
    input.battery_low = last_words_->is_low;
  }
  // Before the first reading an outage that an earlier run saw goes on, but not one from before the host started: the
  // power may have come back since.
  if (was_read_ || snapshot_.reading || (running && is_same_boot_)) advisor_.Follow(input, now);
}

// Puts everything that is known into the snapshot, rounded.
void Inverter::Show() {
  snapshot_.status = StatusNow();
  if (!snapshot_.reading) snapshot_.load_power.reset();
  snapshot_.in_outage = outages_.is_on();
  snapshot_.utility_power = snapshot_.reading ? std::optional(!snapshot_.in_outage) : std::nullopt;
  snapshot_.is_testing = snapshot_.reading && supply_ == Supply::kTest;
  snapshot_.on_battery_since = snapshot_.in_outage ? std::optional(outages_.running()->begin) : std::nullopt;
  snapshot_.outage_cause = snapshot_.in_outage ? std::optional(outages_.running()->cause) : std::nullopt;
  snapshot_.is_mains_present = snapshot_.in_outage && snapshot_.reading && supply_watch_.is_mains_present();
  snapshot_.may_have_battery_priority = !has_battery_priority_ && outages_.CountWithMains() >= kWorthAHint;
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

void Inverter::TellChanges(const Snapshot& before, Update& update) {
  const bool is_ending = !before.may_switch_off && snapshot_.may_switch_off;
  if (!before.shutdown_advised && snapshot_.shutdown_advised) {
    advised_in_ = OutageOf(EventType::kPowerLost);
    AddEvent(EventType::kShutdownAdvised, update);
    update.lines.push_back(ShutdownAdvised(snapshot_.shutdown_reasons, snapshot_.may_switch_off));
  } else if (is_ending) {
    update.lines.push_back(MaySwitchOff());
  }
  if (before.shutdown_advised && !snapshot_.shutdown_advised) {
    AddEvent(EventType::kShutdownWithdrawn, update);
    update.lines.push_back(ShutdownWithdrawn());
  }
  if (!before.battery_problem && snapshot_.battery_problem) {
    AddEvent(EventType::kBatteryProblem, update);
    update.lines.push_back(BatteryProblem());
  }
  if (before.battery_problem && !snapshot_.battery_problem) update.lines.push_back(BatteryWell());
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
  PowerEvent event{device_.id, type, id, update.now.wall, update.now.steady, fault_voltage};
  if (type == EventType::kPowerLost && !fault_voltage) event.cause = outages_.running()->cause;
  if (type == EventType::kPowerRestored && !fault_voltage) event.cause = outages_.ended().cause;
  update.events.push_back(std::move(event));
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
  const auto running = outages_.running() ? std::optional(outages_.saved_state().total) : std::nullopt;
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
  if (reading.self_test || supply_ == Supply::kTest) return Status::kSelfTest;
  return reading.on_battery ? Status::kOnBattery : Status::kOnline;
}

}  // namespace aims
