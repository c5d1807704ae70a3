#include "inverter/inverter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr double kMostOfCell = 3;           // V: on-line units tell the voltage of one cell
constexpr double kChargeWorthSaving = 0.1;  // of the capacity

ShutdownOptions WithDefaults(ShutdownOptions shutdown, const BatteryOptions& battery) {
  const bool is_lithium = battery.type == BatteryType::kLifepo4;
  if (!shutdown.voltage && is_lithium && battery.nominal_voltage) shutdown.voltage = *battery.nominal_voltage;
  return shutdown;
}

std::optional<double> Rounded(std::optional<double> number, double step) {
  if (!number) return {};
  return std::round(*number / step) * step;
}

double InKilowattHours(double energy) { return std::floor(energy / 10) / 100; }

double InSeconds(std::chrono::milliseconds time) { return static_cast<double>(time.count()) / 1000; }

}  // namespace

Inverter::Inverter(const InverterOptions& options, const SavedInverter& saved, std::string run)
    : device_(options.device),
      run_(std::move(run)),
      nominal_voltage_(options.battery.nominal_voltage),
      outages_(saved.outages),
      battery_(options.battery, saved.battery.battery),
      energy_(saved.battery.energy),
      advisor_(WithDefaults(options.shutdown, options.battery), saved.battery.shutdown_advised),
      saved_battery_(saved.battery.battery) {
  Show();
}

Update Inverter::Apply(Reading reading, Moment now) {
  if (nominal_voltage_ && reading.battery_voltage < kMostOfCell) reading.battery_voltage *= *nominal_voltage_ / 2;
  Update update{.now = now};
  if (!snapshot_.connected) update.connection = Connection::kBack;
  const Calibration calibration = battery_.calibration();
  const double energy = FollowBattery(reading, Passed(now.steady));
  snapshot_.reading = reading;
  snapshot_.connected = true;
  silent_since_.reset();
  misses_ = 0;
  // First that it answers again, then the power, then the rest.
  if (events_.Back()) Happened(EventType::kConnectionRestored, update);
  FollowOutage(reading, energy, update);
  FollowBriefOutage(reading, update);
  if (battery_.calibration() != calibration) {
    const auto line = Calibrated(battery_.calibration(), battery_.saved_state().factor);
    if (line) update.lines.push_back(*line);
  }
  for (const EventType type : events_.Read(reading)) Happened(type, update);
  Conclude(update);
  was_read_ = true;
  return update;
}

Update Inverter::Missed(Moment now) {
  misses_ = std::min(misses_ + 1, kMissesUntilSilent);
  if (misses_ >= kMissesUntilSilent || !snapshot_.connected) return Silence(now);
  return {.now = now};
}

Update Inverter::Gone(Moment now) {
  misses_ = 0;
  return Silence(now);
}

void Inverter::OnSaved(const SavedInverter& saved, Time now) {
  energy_.OnSaved(saved.battery.energy, now);
  saved_battery_ = saved.battery.battery;
  ShowEnergy();
}

SavedInverter Inverter::saved() const {
  return {outages_.saved_state(), {battery_.saved_state(), energy_.saved_state(), advisor_.is_advised()}};
}

Update Inverter::Silence(Moment now) {
  Update update{.now = now};
  if (snapshot_.connected) update.connection = Connection::kLost;
  snapshot_.connected = false;
  snapshot_.reading.reset();
  if (!silent_since_) silent_since_ = now.steady;
  if (update.connection == Connection::kLost && events_.Silent()) Happened(EventType::kConnectionLost, update);
  brief_outages_.Silent();
  outages_.Silent();
  battery_.Unseen(Passed(now.steady));
  Conclude(update);
  return update;
}

Battery::Seconds Inverter::Passed(Time now) {
  const Battery::Seconds time = followed_at_ ? now - *followed_at_ : Duration(0);
  followed_at_ = now;
  return std::min<Battery::Seconds>(time, kLongestStep);
}

// Battery and energy over `time`, at the end of which `reading` was taken; Wh given on battery meanwhile.
double Inverter::FollowBattery(const Reading& reading, Battery::Seconds time) {
  const bool on_battery = !reading.utility_power;
  const auto power = battery_.LoadPower(reading.load, on_battery);
  snapshot_.load_power = Rounded(power, 1);
  if (on_battery) {
    battery_.OnBattery(reading.battery_voltage, reading.load, time);
    watch_.OnBattery();
    if (reading.battery_low) battery_.Low();
  } else {
    battery_.OnMains(reading.battery_voltage, reading.load, time);
    watch_.OnMains(reading.battery_voltage, battery_.FloatVoltage(), nominal_voltage_, time);
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
    if (was_outage) Happened(EventType::kPowerRestored, update);
    return;
  }
  if (!outages_.running()) return;
  if (change != Outages::Change::kNone || is_taken_up) update.lines.push_back(Began(*outages_.running(), reading));
  if (!was_outage && IsOutage(outages_.running()->cause)) Happened(EventType::kPowerLost, update);
}

void Inverter::FollowBriefOutage(const Reading& reading, Update& update) {
  const auto voltage = brief_outages_.Read(reading, outages_.nominal(), update.now.steady);
  if (!voltage) return;
  Happened(EventType::kPowerLost, update, voltage);
  Happened(EventType::kPowerRestored, update, voltage);
  update.lines.push_back(BriefOutage(*voltage));
}

// What follows from all that is known now.
void Inverter::Conclude(Update& update) {
  const bool was_advised = snapshot_.shutdown_advised;
  const bool was_problem = snapshot_.battery_problem;
  FollowAdvice(update.now.steady);
  Show();
  TellChanges(was_advised, was_problem, update);
  DecideSaves(was_advised, update);
}

void Inverter::FollowAdvice(Time now) {
  const std::optional<Outage>& running = outages_.running();
  ShutdownAdvisor::Input input;
  input.on_battery = running.has_value();
  if (silent_since_) input.silent_for = now - *silent_since_;
  if (running) input.on_battery_for = running->duration + input.silent_for.value_or(0ms);
  if (battery_.charge()) input.charge = *battery_.charge() * 100;
  if (battery_.runtime()) input.runtime = battery_.runtime()->count();
  if (snapshot_.reading) {
    input.voltage = snapshot_.reading->battery_voltage;
    input.battery_low = snapshot_.reading->battery_low;
  }
  if (was_read_ || snapshot_.reading) advisor_.Follow(input, now);
}

// Puts everything that is known into the snapshot, rounded.
void Inverter::Show() {
  snapshot_.status = StatusNow();
  if (!snapshot_.reading) snapshot_.load_power.reset();
  const std::optional<Outage>& running = outages_.running();
  snapshot_.on_battery_since = running ? std::optional(running->begin) : std::nullopt;
  const Outage* last = outages_.last();
  snapshot_.last_outage = last ? std::optional(last->begin) : std::nullopt;
  snapshot_.last_outage_duration = last ? std::optional(std::round(InSeconds(last->duration))) : std::nullopt;
  snapshot_.last_outage_record = last ? std::optional(*last) : std::nullopt;
  snapshot_.outages.value = static_cast<double>(outages_.saved_state().total);
  const auto percent = [](double share) { return share * 100; };
  const auto charge = battery_.charge();
  const auto runtime = battery_.runtime();
  const auto health = battery_.health();
  snapshot_.battery_charge = charge ? Rounded(percent(*charge), 1) : std::nullopt;
  snapshot_.battery_runtime = runtime ? Rounded(runtime->count(), 10) : std::nullopt;
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
    Happened(EventType::kShutdownAdvised, update);
    update.lines.push_back(ShutdownAdvised(snapshot_.shutdown_reasons));
  }
  if (was_advised && !snapshot_.shutdown_advised) {
    Happened(EventType::kShutdownWithdrawn, update);
    update.lines.push_back(ShutdownWithdrawn());
  }
  if (!was_problem && snapshot_.battery_problem) {
    Happened(EventType::kBatteryProblem, update);
    update.lines.push_back(BatteryProblem());
  }
  if (was_problem && !snapshot_.battery_problem) update.lines.push_back(BatteryWell());
}

void Inverter::DecideSaves(bool was_advised, Update& update) const {
  const Battery::SavedState& now = battery_.saved_state();
  const bool has_moved = now.charge.has_value() != saved_battery_.charge.has_value() ||
                         std::abs(now.charge.value_or(0) - saved_battery_.charge.value_or(0)) >= kChargeWorthSaving;
  update.save_battery = update.save_battery || energy_.IsDue(update.now.steady) || has_moved ||
                        now.factor != saved_battery_.factor || was_advised != snapshot_.shutdown_advised;
  update.save_outages = update.save_outages || (outages_.running() && update.save_battery);
}

void Inverter::Happened(EventType type, Update& update, std::optional<double> fault_voltage) {
  const std::string id = fmt::format("{}-{}-{}", run_, device_.id, ++events_told_);
  update.events.push_back({device_.id, type, id, update.now.wall, update.now.steady, fault_voltage});
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
