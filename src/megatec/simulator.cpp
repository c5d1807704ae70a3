#include "megatec/simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using std::string_view;

constexpr double kCapacity = 20;        // Ah
constexpr double kRatedPower = 1200;    // VA at 100 % load
constexpr double kNominalVoltage = 12;  // V
constexpr double kEfficiency = 0.9;     //
constexpr double kIdleShare = 0.02;     // of the rated power
constexpr double kChargeRate = 0.5;     // of the capacity in an hour
// V of a 12 V block.
constexpr double kChargeRise = 1.4;  // over the rest voltage while charging
constexpr double kBoostVoltage = 14.4;
constexpr double kFloatVoltage = 13.5;
constexpr double kLowBatteryVoltage = 10.5;  // b6
constexpr double kCutOffVoltage = 10.0;      // the output goes off
constexpr double kUtilityVoltage = 120;      // V
constexpr double kGeneratorVoltage = 118;
constexpr double kSagVoltage = 98;
constexpr auto kOutagePeriod = 600s;
constexpr auto kOutageLength = 60s;
constexpr auto kShortTest = 10s;

std::optional<double> NumberIn(string_view text, double least, double most) {
  const auto number = ToNumber<double>(text);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

std::optional<Simulator::Fault> FaultOf(string_view word) {
  constexpr std::array<string_view, 10> kWords{"none", "silence", "garbage", "half",      "noise",
                                               "nak",  "late",    "echo",    "voltronic", "axpert"};
  const auto found = std::find(kWords.begin(), kWords.end(), word);
  if (found == kWords.end()) return {};
  return static_cast<Simulator::Fault>(found - kWords.begin());
}

}  // namespace

Simulator::Simulator(Time now, Mains mains, const BatteryOptions& battery)
    : mains_(mains),
      started_(now),
      now_(now),
      nominal_voltage_(battery.nominal_voltage.value_or(kNominalVoltage)),
      rated_power_(battery.rated_power.value_or(kRatedPower)),
      capacity_(battery.capacity.value_or(kCapacity)),
      battery_(battery.type.value_or(BatteryType::kFlooded), nominal_voltage_, capacity_) {}

Simulator::Fed Simulator::FedBy() const {
  const bool outage = mains_ == Mains::kOutages && (now_ - started_) >= kOutagePeriod &&
                      (now_ - started_) % kOutagePeriod < kOutageLength;
  return outage ? Fed::kNothing : fed_;
}

void Simulator::Advance(Time now) {
  const std::chrono::duration<double> passed = now - now_;
  now_ = now;
  if (off_at_ && on_at_ && now_ >= *on_at_ && CanTake()) {
    off_at_.reset();
    on_at_.reset();
  }
  const double low = kLowBatteryVoltage * nominal_voltage_ / 12;
  if (battery_.is_full()) is_draining_ = has_priority_;
  if (!IsDischarging()) {
    battery_.Charge(kChargeRate * capacity_, passed);
    is_cut_off_ = false;
    return;
  }
  if (battery_voltage() < low) test_until_ = now_;
  if (battery_voltage() < low && CanTake()) is_draining_ = false;
  battery_.Discharge(BatteryPower(), passed);
  if (battery_voltage() <= kCutOffVoltage * nominal_voltage_ / 12) is_cut_off_ = true;
}

// W out of the battery at the present load.
double Simulator::BatteryPower() const {
  return (IsOff() || is_cut_off_ ? 0 : load_) / 100 * rated_power_ / kEfficiency + kIdleShare * rated_power_;
}

double Simulator::Voltage(const BatteryModel& battery) const {
  if (IsDischarging()) return battery.Voltage(BatteryPower());
  const double blocks = nominal_voltage_ / 12;
  if (battery.is_full()) return kFloatVoltage * blocks;
  return std::min(kBoostVoltage * blocks, battery.Voltage(0) + kChargeRise * blocks);
}

double Simulator::battery_voltage() const { return Voltage(battery_); }

bool Simulator::Obey(string_view command) {
  const size_t blank = command.find(' ');
  const string_view what = command.substr(0, blank);
  const string_view how = blank == string_view::npos ? "" : command.substr(blank + 1);
  if (what == "utility" && (how == "on" || how == "off")) {
    fed_ = how == "on" ? Fed::kUtility : Fed::kNothing;
    return true;
  }
  if (command == "generator" || command == "sag") {
    fed_ = command == "sag" ? Fed::kSag : Fed::kGenerator;
    return true;
  }
  if (what == "priority" && (how.empty() || how == "on" || how == "off")) {
    has_priority_ = is_draining_ = how != "off";
    return true;
  }
  if (command == "no b2 test" || command == "b2 test") {
    tells_of_tests_ = command == "b2 test";
    return true;
  }
  if (what == "battery") {
    const auto voltage = NumberIn(how, 8, 64);
    if (!voltage) return false;
    double low = 0;
    double high = 1;
    for (int i = 0; i < 40; ++i) {
      const double middle = (low + high) / 2;
      BatteryModel battery = battery_;
      battery.Set(middle);
      (Voltage(battery) < *voltage ? low : high) = middle;
    }
    battery_.Set(high);
    return true;
  }
  if (what == "load") {
    const auto load = NumberIn(how, 0, 200);
    if (load) load_ = *load;
    return load.has_value();
  }
  const auto fault = what == "fault" ? FaultOf(how) : std::nullopt;
  if (fault) fault_ = *fault;
  return fault.has_value();
}

// True for a command that it knows, and does.
bool Simulator::Follow(string_view command) {
  constexpr auto kLongest = std::chrono::hours(24);
  if (command == "Q") {
    beeper_ = !beeper_;
  } else if (command == "T") {
    test_until_ = now_ + kShortTest;
  } else if (command == "TL") {
    test_until_ = now_ + kLongest;
  } else if (command == "CT") {
    test_until_ = now_;
  } else if (command == "C") {
    off_at_.reset();
    on_at_.reset();
  } else if (command.starts_with('S')) {
    const size_t r = std::min(command.find('R'), command.size());
    const std::string off =
        "0" + std::string(command.substr(1, r - 1));  // ".5" is a number only with a digit before it
    const auto minutes = NumberIn(off, 0.2, 10);
    const auto back = r < command.size() ? NumberIn(command.substr(r + 1), 1, 9999) : std::optional(0.0);
    if (!minutes || !back) return false;
    const auto after = [](double time) {
      return std::chrono::duration_cast<Time::duration>(std::chrono::duration<double, std::ratio<60>>(time));
    };
    off_at_ = now_ + after(*minutes);
    if (*back > 0) on_at_ = *off_at_ + after(*back);
  } else {
    return false;
  }
  return true;
}

std::chrono::milliseconds Simulator::ReplyDelay() const { return fault_ == Fault::kLate ? 1500ms : 0ms; }

std::string Simulator::Reply(string_view request) {
  const string_view command = request.substr(0, request.find_first_of("\r\n"));
  if (command != "Q1") return Follow(command) ? "" : std::string(request);  // as Megatec's text says
  std::string status = Status();
  switch (fault_) {
    case Fault::kSilence:
      return "";
    case Fault::kGarbage:
      std::generate(status.begin(), status.end(), [this] { return static_cast<char>(0xc0 + Noise(60)); });
      return status;
    case Fault::kHalf:
      return status.substr(0, status.size() / 2);
    case Fault::kNoise:
      return "\x1b\xff(1?" + status;
    case Fault::kNak:
      return "(NAK\r";
    case Fault::kEcho:
      return std::string(request);
    case Fault::kVoltronic:
      return "(NAKss\r";
    case Fault::kAxpert:  // its longer Q1, with the checksum
      return "(00000 16971 01 00 00 026 033 022 029 02 00 000 0036 0000 0000 49.95 10\xe3\\\r";
    case Fault::kLate:
    case Fault::kNone:
      return status;
  }
  return status;
}

std::string Simulator::Status() {
  const Fed fed = FedBy();
  const double battery = battery_voltage();
  const bool on_battery = !CanTake() || is_draining_ || (IsTesting() && !tells_of_tests_);
  const bool gives = !IsOff() && !(on_battery && is_cut_off_);
  const double noise = Noise(0.4);
  const double input = fed == Fed::kNothing     ? 0
                       : fed == Fed::kUtility   ? kUtilityVoltage + noise
                       : fed == Fed::kGenerator ? kGeneratorVoltage + noise
                                                : kSagVoltage + noise;
  const double output = !gives ? 0 : on_battery ? kUtilityVoltage : input;
  return fmt::format("({:05.1f} {:05.1f} {:05.1f} {:03.0f} {:04.1f} {:04.1f} 00.0 {:d}{:d}001{:d}{:d}{:d}\r", input,
                     fed == Fed::kUtility ? input : 110.0, output, gives ? load_ : 0, gives ? 60.0 : 0.0, battery,
                     on_battery, battery < kLowBatteryVoltage * nominal_voltage_ / 12, IsTesting() && tells_of_tests_,
                     on_battery || off_at_.has_value(), beeper_);
}

// Even between -most and +most, the same in every run.
double Simulator::Noise(double most) {
  random_ = random_ * 1664525 + 1013904223;
  return (static_cast<double>(random_ >> 8) / (1 << 23) - 1) * most;
}

}  // namespace aims
