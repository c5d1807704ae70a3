#include "inverter/inverter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "homeassistant/entities.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr Inverter::Duration kReportIntervalOnBattery = 2s;
constexpr Inverter::Duration kLongestPause = 60s;

// Polls are a little early or late: one that comes this much too soon for its turn is taken, not the next one.
constexpr Inverter::Duration kMostSlack = 100ms;

constexpr double kMostOfCell = 3;            // V: on-line units tell the voltage of one cell
constexpr double kChargeWorthKeeping = 0.1;  // of the capacity

struct Difference {
  bool status = false;       // a flag changed, or a value of the wire became known or unknown
  bool measurement = false;  // a number changed
};

Difference Between(const Snapshot& before, const Snapshot& after) {
  Difference changes;
  for (const Entity& entity : kEntities) {
    const Value was = ValueOf(entity, before);
    const Value is = ValueOf(entity, after);
    if (was == is) continue;
    const bool both_numbers = std::holds_alternative<double>(was) && std::holds_alternative<double>(is);
    (both_numbers || IsOneOf<OwnNumber>(entity.source) ? changes.measurement : changes.status) = true;
  }
  return changes;
}

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

std::string InWords(const std::vector<ShutdownAdvisor::Reason>& reasons) {
  std::string text;
  for (const auto& reason : reasons) {
    constexpr std::array<std::string_view, 5> kForms{"charge {:.0f} %", "{:.0f} s of runtime left",
                                                     "battery at {:.1f} V", "{:.0f} s on battery",
                                                     "the inverter says that the battery is low"};
    const auto form = kForms[static_cast<size_t>(reason.why)];
    text += fmt::format("{}{}", text.empty() ? "" : ", ", fmt::format(fmt::runtime(form), reason.value));
  }
  return text;
}

}  // namespace

Inverter::Inverter(const InverterOptions& options, const Outages::Memory& outages, const BatteryMemory::Entry& battery)
    : device_(options.device),
      poll_interval_(options.poll_interval),
      report_interval_(options.report_interval),
      nominal_voltage_(options.battery.nominal_voltage),
      outages_(outages),
      battery_(options.battery, battery.battery),
      energy_(battery.energy),
      advisor_(WithDefaults(options.shutdown, options.battery), battery.shutdown_advised),
      kept_(battery.battery) {
  Due ignored;
  Derive({}, ignored);
}

Due Inverter::Read(Reading reading, Moment now) {
  if (nominal_voltage_ && reading.battery_voltage < kMostOfCell) reading.battery_voltage *= *nominal_voltage_ / 2;
  const bool is_back = !snapshot_.connected;
  Due due;
  const Calibration calibration = battery_.calibration();
  const double energy = Follow(reading, Passed(now.steady));
  snapshot_.reading = reading;
  snapshot_.connected = true;
  silent_since_.reset();
  misses_ = 0;
  // First that it answers again, then the power, then the rest.
  FollowOutage(reading, energy, now, due);
  FollowFlicker(reading, now, due);
  if (battery_.calibration() != calibration) {
    const auto line = Calibrated(battery_.calibration(), battery_.memory().factor);
    if (line) due.lines.push_back(*line);
  }
  const std::vector<EventType> others = events_.Read(reading);
  const bool is_restored = !others.empty() && others.front() == EventType::kConnectionRestored;
  if (is_restored) due.events.insert(due.events.begin(), others.front());
  due.events.insert(due.events.end(), others.begin() + (is_restored ? 1 : 0), others.end());
  Derive(now, due);
  was_read_ = true;
  due.tell = is_back ? Tell::kOnline : StateIfDue(now.steady);
  if (is_back) Told(now.steady);
  return due;
}

Due Inverter::Missed(Moment now) {
  misses_ = std::min(misses_ + 1, kMissesUntilSilent);
  if (misses_ >= kMissesUntilSilent) return Silence(now);
  Due due;
  due.tell = StateIfDue(now.steady);
  return due;
}

Due Inverter::Gone(Moment now) {
  misses_ = kMissesUntilSilent;
  return Silence(now);
}

void Inverter::Told(Time now) {
  told_ = snapshot_;
  told_at_ = now;
}

void Inverter::Kept(Time now) {
  energy_.Saved(now);
  kept_ = battery_.memory();
  ShowEnergy();
}

// As far as it is kept.
void Inverter::ShowEnergy() {
  snapshot_.energy_on_battery.value = InKilowattHours(energy_.told().on_battery);
  snapshot_.energy_total.value = InKilowattHours(energy_.told().total);
}

Due Inverter::Silence(Moment now) {
  Due due;
  const bool is_news = snapshot_.connected;
  snapshot_.connected = false;
  snapshot_.reading.reset();
  if (!silent_since_) silent_since_ = now.steady;
  if (is_news) due.events = events_.Silent();
  flickers_.Silent();
  outages_.Silent();
  battery_.Unseen(Passed(now.steady));
  Derive(now, due);
  due.tell = is_news ? Tell::kOffline : StateIfDue(now.steady);
  if (is_news) Told(now.steady);
  return due;
}

Tell Inverter::StateIfDue(Time now) {
  if (!was_read_) return Tell::kNothing;
  const bool on_battery = snapshot_.reading && !snapshot_.reading->utility_power;
  const Duration pace = on_battery ? std::min(kReportIntervalOnBattery, report_interval_) : report_interval_;
  const Difference changes = Between(told_, snapshot_);
  const Duration since = now - told_at_ + std::min(kMostSlack, poll_interval_ / 2);
  const bool is_last_chance = since + poll_interval_ > kLongestPause;
  if (!changes.status && !(changes.measurement && since >= pace) && !is_last_chance) return Tell::kNothing;
  Told(now);
  return Tell::kState;
}

// Battery and energy over `time`, at the end of which `reading` was taken; Wh given on battery meanwhile.
double Inverter::Follow(const Reading& reading, Battery::Seconds time) {
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

void Inverter::FollowOutage(const Reading& reading, double energy, Moment now, Due& due) {
  const bool was_outage = outages_.running() && IsOutage(outages_.running()->cause);
  const bool is_taken_up = !was_read_ && outages_.running();
  const Outages::Change change = outages_.Read(reading, energy, now);
  due.outages = change != Outages::Change::kNone;
  due.battery = due.outages;
  if (change == Outages::Change::kEnded) {
    due.lines.push_back(Ended(outages_.ended(), reading));
    if (was_outage) due.events.push_back(EventType::kPowerRestored);
    return;
  }
  if (!outages_.running()) return;
  if (change != Outages::Change::kNone || is_taken_up) due.lines.push_back(Began(*outages_.running(), reading));
  if (!was_outage && IsOutage(outages_.running()->cause)) due.events.push_back(EventType::kPowerLost);
}

void Inverter::FollowFlicker(const Reading& reading, Moment now, Due& due) {
  due.fault_voltage = flickers_.Read(reading, outages_.nominal(), now.steady);
  if (!due.fault_voltage) return;
  due.events.insert(due.events.end(), {EventType::kPowerLost, EventType::kPowerRestored});
  due.lines.push_back(Flickered(*due.fault_voltage));
}

// What follows from all that is known now.
void Inverter::Derive(Moment now, Due& due) {
  const std::optional<Outage>& running = outages_.running();
  const bool was_advised = advisor_.is_advised();
  const bool was_problem = snapshot_.battery_problem;

  ShutdownAdvisor::Input input;
  input.on_battery = running.has_value();
  if (silent_since_) input.silent_for = now.steady - *silent_since_;
  if (running) input.on_battery_for = running->duration + input.silent_for.value_or(0ms);
  if (battery_.charge()) input.charge = *battery_.charge() * 100;
  if (battery_.runtime()) input.runtime = battery_.runtime()->count();
  if (snapshot_.reading) {
    input.voltage = snapshot_.reading->battery_voltage;
    input.battery_low = snapshot_.reading->battery_low;
  }
  if (was_read_ || snapshot_.reading) advisor_.Follow(input, now.steady);

  snapshot_.status = StatusNow();
  if (!snapshot_.reading) snapshot_.load_power.reset();
  snapshot_.on_battery_since = running ? std::optional(running->begin) : std::nullopt;
  const Outage* last = outages_.last();
  snapshot_.last_outage = last ? std::optional(last->begin) : std::nullopt;
  snapshot_.last_outage_duration =
      last ? std::optional(std::round(static_cast<double>(last->duration.count()) / 1000)) : std::nullopt;
  snapshot_.last_outage_record = last ? std::optional(*last) : std::nullopt;
  snapshot_.outages.value = static_cast<double>(outages_.memory().total);
  snapshot_.battery_charge = Rounded(input.charge, 1);
  snapshot_.battery_runtime = Rounded(input.runtime, 10);
  snapshot_.battery_health = battery_.health() ? Rounded(*battery_.health() * 100, 1) : std::nullopt;
  snapshot_.battery_problem = watch_.is_problem();
  snapshot_.shutdown_advised = advisor_.is_advised();
  snapshot_.shutdown_reasons = advisor_.reasons();
  snapshot_.safe_to_start = advisor_.is_safe_to_start();
  ShowEnergy();

  if (!was_advised && snapshot_.shutdown_advised) {
    due.events.push_back(EventType::kShutdownAdvised);
    due.lines.push_back({LogLevel::kWarning, "shutdown advised: " + InWords(snapshot_.shutdown_reasons)});
  }
  if (was_advised && !snapshot_.shutdown_advised) {
    due.events.push_back(EventType::kShutdownWithdrawn);
    due.lines.push_back({LogLevel::kInfo, "shutdown no longer advised: the utility has held"});
  }
  if (!was_problem && snapshot_.battery_problem) {
    due.events.push_back(EventType::kBatteryProblem);
    due.lines.push_back(
        {LogLevel::kWarning,
         "the battery's voltage is not what it should be on the utility: it may not hold; check it, its "
         "connections and the charger"});
  }
  if (was_problem && !snapshot_.battery_problem) due.lines.push_back({LogLevel::kInfo, "the battery is well again"});

  const Battery::Memory& memory = battery_.memory();
  const bool has_moved = memory.charge.has_value() != kept_.charge.has_value() ||
                         std::abs(memory.charge.value_or(0) - kept_.charge.value_or(0)) >= kChargeWorthKeeping;
  due.battery = due.battery || energy_.IsDue(now.steady) || has_moved || memory.factor != kept_.factor ||
                was_advised != snapshot_.shutdown_advised;
  due.outages = due.outages || (running && due.battery);
}

Battery::Seconds Inverter::Passed(Time now) {
  const Battery::Seconds time = followed_at_ ? now - *followed_at_ : Duration(0);
  followed_at_ = now;
  return std::min<Battery::Seconds>(time, kLongestStep);
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
