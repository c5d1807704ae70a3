#include "nut/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace aims::nut {
namespace {

using Text = std::optional<std::string>;
using Measured = double Reading::*;
using MaybeMeasured = std::optional<double> Reading::*;

Text OrNothing(std::string_view text) {
  if (text.empty()) return {};
  return ForNut(text);
}

Text Number(const std::optional<double>& number, int decimals) {
  if (!number) return {};
  return fmt::format("{:.{}f}", *number, decimals);
}

// A value of the reading that stands, if there is one.
Text OfReading(const Ups& ups, Measured number, int decimals) {
  if (!ups.reading()) return {};
  return Number(ups.reading()->*number, decimals);
}

Text OfReading(const Ups& ups, MaybeMeasured number, int decimals) {
  if (!ups.reading()) return {};
  return Number(ups.reading()->*number, decimals);
}

// WinNUT shuts down at once where it sees a charge and no runtime.
bool HasEstimate(const Ups& ups) {
  const Snapshot& snapshot = ups.inverter().snapshot();
  return snapshot.battery_charge && snapshot.battery_runtime;
}

std::string_view Chemistry(BatteryType type) {
  constexpr std::array<std::string_view, kBatteryTypes.size()> kWords{"flooded", "AGM", "gel", "LiFePO4"};
  return kWords[static_cast<size_t>(type)];
}

Text Manufacturer(const Ups&) { return "AIMS Power"; }
Text Model(const Ups& ups) { return OrNothing(ups.inverter().device().model); }
Text Serial(const Ups& ups) { return ups.name(); }

// clang-format off
constexpr Variable kVariables[] = {
    {"battery.charge", "Battery charge (percent of full)",
     [](const Ups& ups) -> Text { return HasEstimate(ups) ? Number(ups.inverter().snapshot().battery_charge, 0) : std::nullopt; }, true},
    {"battery.charge.low", "Battery charge at which a shutdown is advised (percent)",
     [](const Ups& ups) -> Text { return HasEstimate(ups) ? Number(ups.options().shutdown.charge, 0) : std::nullopt; }, true},
    {"battery.runtime", "Estimated runtime on battery (seconds)",
     [](const Ups& ups) -> Text { return HasEstimate(ups) ? Number(ups.inverter().snapshot().battery_runtime, 0) : std::nullopt; }, true},
    {"battery.runtime.low", "Runtime at which a shutdown is advised (seconds)",
     [](const Ups& ups) -> Text {
       if (!HasEstimate(ups)) return {};
       return fmt::to_string(std::chrono::ceil<std::chrono::seconds>(ups.options().shutdown.runtime).count());
     }, true},
    {"battery.type", "Battery chemistry",
     [](const Ups& ups) -> Text {
       const auto& type = ups.options().battery.type;
       return type ? Text(Chemistry(*type)) : std::nullopt;
     }},
    {"battery.voltage", "Battery voltage (V)",
     [](const Ups& ups) { return OfReading(ups, &Reading::battery_voltage, 1); }, true},
    {"battery.voltage.nominal", "Nominal battery voltage (V)",
     [](const Ups& ups) { return Number(ups.options().battery.nominal_voltage, 0); }, true},
    {"device.mfr", "Manufacturer of the inverter", Manufacturer},
    {"device.model", "Model of the inverter", Model},
    {"device.serial", "Id of the inverter in this program", Serial},
    {"device.type", "Kind of device", [](const Ups&) -> Text { return "ups"; }},
    {"driver.name", "Program that asks the inverter", [](const Ups&) -> Text { return "aims-inverter-mqtt"; }},
    {"driver.state", "Whether the inverter answers: quiet, or reconnect.trying",
     [](const Ups& ups) -> Text { return ups.is_silent() ? "reconnect.trying" : "quiet"; }},
    {"driver.version", "Version of the program that asks the inverter", [](const Ups&) -> Text { return AIMS_VERSION; }},
    {"input.voltage", "Utility voltage (V)",
     [](const Ups& ups) { return OfReading(ups, &Reading::utility_voltage, 1); }, true},
    {"input.voltage.nominal", "Nominal utility voltage (V)",
     [](const Ups& ups) { return Number(ups.inverter().nominal_utility_voltage(), 0); }, true},
    {"output.frequency", "Output frequency (Hz)",
     [](const Ups& ups) { return OfReading(ups, &Reading::output_frequency, 1); }, true},
    {"output.voltage", "Output voltage (V)",
     [](const Ups& ups) { return OfReading(ups, &Reading::output_voltage, 1); }, true},
    {"ups.alarm", "What is wrong with the inverter, or with what it runs on",
     [](const Ups& ups) { return OrNothing(ups.alarm()); }},
    {"ups.beeper.status", "Whether the inverter beeps on battery",
     [](const Ups& ups) -> Text {
       if (!ups.reading()) return {};
       return ups.reading()->beeper ? "enabled" : "disabled";
     }},
    {"ups.load", "Load on the inverter (percent of its rated power)",
     [](const Ups& ups) { return OfReading(ups, &Reading::load, 0); }, true},
    {"ups.mfr", "Manufacturer of the inverter", Manufacturer},
    {"ups.model", "Model of the inverter", Model},
    {"ups.power.nominal", "Rated power of the inverter (VA)",
     [](const Ups& ups) { return Number(ups.options().battery.rated_power, 0); }, true},
    {"ups.realpower", "Power of the load (W)",
     [](const Ups& ups) { return Number(ups.load_power(), 0); }, true},
    {"ups.realpower.nominal", "Rated power of the inverter (W)",
     [](const Ups& ups) -> Text {
       const BatteryOptions& battery = ups.options().battery;
       return battery.rated_power ? Number(*battery.rated_power * battery.power_factor, 0) : std::nullopt;
     }, true},
    {"ups.serial", "Id of the inverter in this program", Serial},
    {"ups.status", "Status of the inverter", [](const Ups& ups) -> Text { return ups.status(); }},
    {"ups.temperature", "Temperature of the inverter (degrees C)",
     [](const Ups& ups) { return OfReading(ups, &Reading::temperature, 1); }, true},
    {"ups.test.result", "Whether a battery test is in progress",
     [](const Ups& ups) -> Text {
       if (!ups.reading()) return {};
       const bool is_testing = ups.reading()->self_test || ups.inverter().snapshot().is_testing;
       return is_testing ? "In progress" : "No test in progress";
     }},
};

constexpr InstantCommand kInstantCommands[] = {
    {"beeper.disable", "Turn the beeper off", Command::kBeeperOff},
    {"beeper.enable", "Turn the beeper on", Command::kBeeperOn},
    {"beeper.toggle", "Turn the beeper off if it is on, and on if it is off", Command::kBeeperOff, Command::kBeeperOn},
    {"shutdown.return", "Turn the output off after the off delay, and on again when the utility is there", Command::kShutdownRestore},
    {"shutdown.stop", "Cancel a shutdown", Command::kCancelShutdown},
    {"test.battery.start.deep", "Test the battery until it is low", Command::kSelfTestUntilLow},
    {"test.battery.start.quick", "Test the battery for 10 seconds", Command::kSelfTest},
    {"test.battery.stop", "Cancel a battery test", Command::kCancelTest},
};
// clang-format on

constexpr bool AreSorted(const auto& rows) {
  return std::is_sorted(std::begin(rows), std::end(rows), [](const auto& a, const auto& b) { return a.name < b.name; });
}
static_assert(AreSorted(kVariables) && AreSorted(kInstantCommands));

char Lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

auto Find(const auto& rows, std::string_view name) {
  const auto found =
      std::find_if(std::begin(rows), std::end(rows), [&](const auto& row) { return IsSame(row.name, name); });
  return found == std::end(rows) ? nullptr : &*found;
}

}  // namespace

std::span<const Variable> Variables() { return kVariables; }
std::span<const InstantCommand> InstantCommands() { return kInstantCommands; }

const Variable* FindVariable(std::string_view name) { return Find(kVariables, name); }
const InstantCommand* FindCommand(std::string_view name) { return Find(kInstantCommands, name); }

bool IsSame(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string ForNut(std::string_view text) {
  std::string value;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if ((code & 0xc0) == 0x80) continue;  // the rest of a character of several bytes
    if (value.size() == kLongestValue) break;
    if (code < 0x20 || code > 0x7e) {
      value += '?';
    } else {
      value += byte == '"' ? '\'' : byte == '\\' ? '/' : byte;
    }
  }
  return value;
}

}  // namespace aims::nut
