#include "inverter/sentences.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace aims {
namespace {

using std::string_view;

constexpr size_t kShownCharacters = 80;

struct Line {
  LogLevel level;
  string_view text;  // {} is the summary
};

struct Sentences {
  Flag flag;
  Line set;
  Line cleared;
};

// clang-format off
constexpr std::array kSentences{
    Sentences{&Reading::ups_failed, {LogLevel::kWarning, "the inverter reports a fault, look at its display: {}"},
              {LogLevel::kInfo, "the inverter no longer reports a fault: {}"}},
    Sentences{&Reading::self_test, {LogLevel::kInfo, "self-test began: {}"}, {LogLevel::kInfo, "self-test ended: {}"}},
    Sentences{&Reading::avr_active, {LogLevel::kInfo, "voltage regulation (AVR) is active: {}"},
              {LogLevel::kInfo, "voltage regulation (AVR) is no longer active: {}"}},
    Sentences{&Reading::line_interactive, {LogLevel::kInfo, "the inverter says it is line-interactive: {}"},
              {LogLevel::kInfo, "the inverter says it is on-line: {}"}},
    Sentences{&Reading::beeper, {LogLevel::kInfo, "beeper is on: {}"}, {LogLevel::kInfo, "beeper is off: {}"}},
};
// clang-format on

// What the inverter does about it.
LogLine BatteryLow(const Reading& reading, Supply supply) {
  const std::string summary = Summary(reading);
  switch (supply) {
    case Supply::kOutage:
      return {LogLevel::kWarning, "battery low, the inverter will turn its output off soon: " + summary};
    case Supply::kTest:
      return {LogLevel::kInfo, "battery low, so the test should end soon: " + summary};
    case Supply::kBatteryPriority:
      return {LogLevel::kInfo, "battery low, so the inverter should go back to the utility soon: " + summary};
    case Supply::kUtility:
      break;
  }
  return {LogLevel::kWarning, "battery low, although the inverter is on utility power: " + summary};
}

std::chrono::milliseconds Seconds(double seconds) { return std::chrono::milliseconds(std::llround(seconds * 1000)); }

}  // namespace

std::string Summary(const Reading& reading) {
  const std::string load = reading.load ? fmt::format(", load {:.0f}%", *reading.load) : "";
  const std::string utility = reading.utility_voltage ? fmt::format("{:.1f} V", *reading.utility_voltage) : "unknown";
  return fmt::format("utility {}, battery {:.1f} V{}", utility, reading.battery_voltage, load);
}

std::vector<LogLine> Changes(const Reading& before, const Reading& after, Supply supply) {
  std::vector<LogLine> entries;
  if (after.battery_low && !before.battery_low) entries.push_back(BatteryLow(after, supply));
  if (before.battery_low && !after.battery_low) {
    entries.push_back({LogLevel::kInfo, "battery is no longer low: " + Summary(after)});
  }
  for (const Sentences& sentences : kSentences) {
    const bool is_set = after.*sentences.flag;
    if (before.*sentences.flag == is_set) continue;
    const Line& line = is_set ? sentences.set : sentences.cleared;
    entries.push_back({line.level, fmt::format(fmt::runtime(line.text), Summary(after))});
  }
  return entries;
}

LogLine Began(const Outage& outage, const Reading& reading) {
  const std::string summary = Summary(reading);
  switch (outage.cause) {
    case Cause::kNoMains:
      return {LogLevel::kWarning, "utility power failed, running on battery: " + summary};
    case Cause::kOutOfRange:
      return {LogLevel::kWarning, "utility out of range, running on battery: " + summary};
    case Cause::kMainsPresent:
      return {LogLevel::kWarning,
              MainsPresent(reading.utility_voltage.value_or(0)) + ", so this counts as an outage: " + summary};
    case Cause::kUnknown:
      break;
  }
  return {LogLevel::kWarning, "running on battery: " + summary};
}

LogLine Interrupted(const Reading& reading) {
  return {LogLevel::kInfo, fmt::format("on utility power again; the outage is over when this has held for {} s: {}",
                                       Outages::kHolds.count(), Summary(reading))};
}

LogLine Ended(const Outage& outage, const Reading& reading) {
  const std::string energy = outage.energy > 0 ? fmt::format("; {:.2f} kWh used", outage.energy / 1000) : "";
  const std::string unseen = outage.end_earliest ? " or more: its end was not seen" : "";
  const std::string parts =
      outage.interruptions > 0 ? fmt::format(" on battery in {} parts", outage.interruptions + 1) : "";
  return {LogLevel::kInfo,
          fmt::format("utility power is back after {}{}{}{}, battery down to {:.1f} V: {}", InWords(outage.duration),
                      parts, unseen, energy, outage.lowest_battery_voltage.value_or(0), Summary(reading))};
}

LogLine OnBattery(Supply supply, const Reading& reading) {
  const std::string_view why =
      supply == Supply::kTest ? "self-test, running on battery: " : "battery-priority mode, running on battery: ";
  return {LogLevel::kInfo, std::string(why) + Summary(reading)};
}

LogLine BackOnUtility(const Reading& reading) {
  return {LogLevel::kInfo, "back on utility power: " + Summary(reading)};
}

std::string MainsPresent(double volts) { return fmt::format("on battery although the utility shows {:.0f} V", volts); }

LogLine Learned(const Range& capacity) {
  return {LogLevel::kInfo,
          fmt::format("learned from this discharge: the battery holds about {:.0f}% of its capacity in the options "
                      "({:.0f}-{:.0f}%); charge and runtime use this from now on",
                      capacity.value * 100, capacity.least * 100, capacity.most * 100)};
}

LogLine RuntimeCorrected(double runtime) {
  return {LogLevel::kInfo, fmt::format("the battery holds more than expected: {} left", InWords(Seconds(runtime)))};
}

LogLine BatteryFull() { return {LogLevel::kInfo, "the battery is full"}; }

LogLine ClockWasSet() {
  return {LogLevel::kInfo, "the system clock was set; the times of recent outages were corrected"};
}

LogLine BriefOutage(double voltage) {
  return {LogLevel::kWarning,
          fmt::format("utility power failed for a moment, between two polls (fault voltage {:.1f} V)", voltage)};
}

LogLine ShutdownAdvised(const std::vector<ShutdownAdvisor::Reason>& reasons, bool may_switch_off) {
  using Why = ShutdownAdvisor::Why;
  const auto words = [](const ShutdownAdvisor::Reason& reason) -> std::string {
    switch (reason.why) {
      case Why::kCharge:
        return fmt::format("charge {:.0f}% (limit {:.0f}%)", reason.value, reason.limit);
      case Why::kRuntime:
        return fmt::format("{} left (limit {})", InWords(Seconds(reason.value)), InWords(Seconds(reason.limit)));
      case Why::kVoltage:
        return fmt::format("battery {:.1f} V (limit {:.1f} V)", reason.value, reason.limit);
      case Why::kAfter:
        return fmt::format("{} on battery (limit {})", InWords(Seconds(reason.value)), InWords(Seconds(reason.limit)));
      case Why::kBatteryLow:
        return "the inverter reports a low battery";
      case Why::kRequested:
        return "requested by a NUT primary";
      case Why::kCutoff:
        return fmt::format("battery {:.1f} V (cut-off {:.1f} V)", reason.value, reason.limit);
    }
    return "";
  };
  std::string text;
  for (const auto& reason : reasons) text += (text.empty() ? "" : ", ") + words(reason);
  if (may_switch_off) text += "; the inverter may switch off at any moment";
  return {LogLevel::kWarning, "shutdown advised: " + text};
}

LogLine MaySwitchOff() {
  return {LogLevel::kWarning, "the battery is at its end; the inverter may switch off at any moment"};
}

LogLine ShutdownWithdrawn() { return {LogLevel::kInfo, "shutdown no longer advised: utility power is stable again"}; }

LogLine BatteryProblem() {
  return {LogLevel::kWarning,
          "the battery voltage is wrong while utility power is present, so the battery may not last; "
          "check the battery, its connections and the charger"};
}

LogLine BatteryWell() { return {LogLevel::kInfo, "the battery voltage is normal again"}; }

std::string InWords(std::chrono::steady_clock::duration time) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(time).count();
  if (seconds < 120) return fmt::format("{} s", seconds);
  const auto minutes = seconds / 60;
  return seconds < 7200 ? fmt::format("{} min", minutes) : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string Printable(string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    if (text.size() >= kShownCharacters) return text + "…";
    if (c >= ' ' && c <= '~') {
      text += c;
    } else if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

}  // namespace aims
