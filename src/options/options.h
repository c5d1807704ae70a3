// The owner's options, as the Supervisor writes them to /data/options.json, checked in one place. Pure: text in,
// options and findings out. Every mistake is found at once and told in the owner's words; what is checked here is not
// checked again elsewhere. config.yaml holds the same schema for Home Assistant's form.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "homeassistant/documents.h"
#include "inverter/address.h"
#include "inverter/battery.h"
#include "inverter/command.h"
#include "inverter/shutdown_advisor.h"

namespace aims {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// "debug" … "error", as the option and --log-level write them; in the order of LogLevel.
inline constexpr std::string_view kLogLevels[] = {"debug", "info", "warning", "error"};

// What a serial line can be set to.
inline constexpr int kBaudRates[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};

// In the order of BatteryType.
inline constexpr std::string_view kBatteryTypes[] = {"flooded", "agm", "gel", "lifepo4"};
inline constexpr int kNominalVoltages[] = {12, 24, 48};  // V

// A broker and how to log in to it.
struct Broker {
  std::string host;  // empty: not given
  uint16_t port = 0;
  std::string username;  // empty: no login
  std::string password;
  bool tls = false;
  std::string ca_file;  // empty: the system's authorities

  bool operator==(const Broker&) const = default;
};

struct InverterOptions {
  Device device;
  Address address = AnyAdapter{};
  int baud_rate = 2400;
  std::chrono::milliseconds poll_interval{1000};  // start to start; 0: the next request leaves when a reply has ended
  std::chrono::milliseconds report_interval{10'000};
  BatteryOptions battery;
  ShutdownOptions shutdown;
  ShutdownDelays delays;  // of the command shutdown_restore
};

struct Options {
  std::vector<InverterOptions> inverters;
  Broker broker;  // by hand; without a host: the one that the Supervisor knows
  Topics topics;
  std::string birth_topic;
  std::string birth_payload;
  LogLevel log_level = LogLevel::kInfo;
};

// `options` are to be used only if there are no mistakes. One line each; a password is never in it.
struct CheckedOptions {
  Options options;
  std::vector<std::string> mistakes;
  std::vector<std::string> warnings;
};

// Reads any text: nesting of any depth, numbers as text and the reverse, an empty string or null as "not given".
CheckedOptions ParseOptions(std::string_view json);

// a-z and 0-9 of `name` in lower case, every other run of bytes as one '_', none at the ends: "AIMS inverter" ->
// "aims_inverter".
std::string Slug(std::string_view name);

// Who the second device is on which outages are rehearsed: "AIMS inverter (rehearsal)", of which nothing may be asked.
Device RehearsalOf(const Device& device);

}  // namespace aims
