#include "options/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace aims {
namespace {

using std::string_view;
using Json = rapidjson::Value;

constexpr size_t kMaxNameCharacters = 64;

void ReadName(Section& section, Device& device) {
  const Json* value = section.Find("name");
  if (!value) return section.Mistake("name", "it is missing; it takes a text of 1 to 64 characters");
  section.Read("name", device.name);
  device.id = Slug(device.name);
  const bool fits = CountCharacters(device.name) <= kMaxNameCharacters && !device.id.empty();
  if (!device.name.empty() && !fits) {
    section.Refuse("name", *value, "a text of 1 to 64 characters with a letter of a-z or a digit among them");
  }
}

void ReadAddress(Section& section, Address& into) {
  std::string device;
  std::string address;
  section.Read("device", device);
  section.Read("address", address);
  if (!device.empty() && !device.starts_with('/')) {
    section.Refuse("device", *section.Find("device"), "the path of a serial device, as /dev/serial/by-id/…");
  }
  if (!device.empty() && !address.empty()) {
    section.Mistake("address", fmt::format("{} is given although device is given, too; leave one of them empty",
                                           Shown(*section.Find("address"))));
    return;
  }
  if (!device.empty()) into = SerialPort{device};
  if (address.empty()) return;
  const auto parsed = ParseAddress(address);
  if (!parsed) {
    return section.Mistake("address",
                           fmt::format("{} is not accepted ({}); it takes {}", Shown(*section.Find("address")),
                                       parsed.error().message, kAddressForms));
  }
  into = *parsed;
}

void ReadBattery(Section& section, BatteryOptions& battery) {
  if (const auto type = section.Choice("battery_type", kBatteryTypes)) battery.type = static_cast<BatteryType>(*type);
  if (const auto volts = section.Choice("nominal_voltage", kNominalVoltages)) {
    battery.nominal_voltage = kNominalVoltages[*volts];
  }
  section.Read("battery_capacity", battery.capacity, 1, 10'000, " (Ah)");
  section.Read("capacity_1h", battery.capacity_1h, 0.5, 10'000, " (Ah)");
  if (battery.capacity && battery.capacity_1h && *battery.capacity_1h > *battery.capacity) {
    section.Refuse("capacity_1h", *section.Find("capacity_1h"),
                   "at most battery_capacity, which is the Ah in 20 hours");
  }
  section.Read("rated_power", battery.rated_power, 50, 50'000, " (VA)");
  section.Read("power_factor", battery.power_factor, 0.1, 1, "");
  section.Read("efficiency", battery.efficiency, 0.3, 1, "");
  section.Read("idle_power", battery.idle_power, 0, 1000, " (W)");
  section.Read("charge_current", battery.charge_current, 0.1, 1000, " (A)");
  section.Read("cutoff_voltage", battery.cutoff_voltage, 5, 60, " (V)");
}

void ReadShutdown(Section& section, ShutdownOptions& shutdown) {
  section.Read("shutdown_charge", shutdown.charge, 0, 100, " (%)");
  section.Read("shutdown_runtime", shutdown.runtime, 0, 86'400);
  section.Read("shutdown_voltage", shutdown.voltage, 5, 60, " (V)");
  section.Read("shutdown_after", shutdown.after, 1, 604'800);
  section.Read("shutdown_delay", shutdown.delay, 0, 3600);
  section.Read("restore_delay", shutdown.restore_delay, 0, 86'400);
  section.Read("restart_charge", shutdown.restart_charge, 0, 100, " (%)");
}

void ReadControl(Section& section, Permissions& permissions, ShutdownDelays& delays) {
  section.Read("control", permissions.control);
  section.Read("megatec_control", permissions.megatec_control);
  section.Read("rehearsal", permissions.rehearsal);
  section.Read("off_delay", delays.off, ShutdownDelays::kLeastOff, ShutdownDelays::kMostOff);
  section.Read("return_delay", delays.back, ShutdownDelays::kLeastBack, ShutdownDelays::kMostBack);
}

InverterOptions ReadInverter(Section& section) {
  InverterOptions inverter;
  ReadName(section, inverter.device);
  ReadAddress(section, inverter.address);
  section.Read("model", inverter.device.model);
  if (const auto rate = section.Choice("baud_rate", kBaudRates)) inverter.baud_rate = kBaudRates[*rate];
  section.Read("poll_interval", inverter.poll_interval, 0, 60);
  section.Read("report_interval", inverter.report_interval, 1, 3600);
  ReadBattery(section, inverter.battery);
  ReadShutdown(section, inverter.shutdown);
  ReadControl(section, inverter.device.permissions, inverter.delays);
  section.WarnOfUnknown();
  return inverter;
}

void ReadInverters(Section& root, std::vector<InverterOptions>& inverters, Findings& findings) {
  const Json* list = root.Find("inverters");
  if (!list) return root.Mistake("inverters", "it is missing; it takes a list with an entry for each inverter");
  if (!list->IsArray() || list->Empty()) {
    return root.Mistake("inverters", fmt::format("{} is not accepted; it takes a list with an entry for each inverter",
                                                 list->IsArray() ? "an empty list" : Shown(*list)));
  }
  if (list->Size() > kMostInverters) {
    return root.Mistake("inverters", fmt::format("it has {} entries; it takes up to {}", list->Size(), kMostInverters));
  }
  std::set<std::string> ids;
  std::set<std::string> addresses;
  std::vector<std::pair<size_t, Device>> rehearsals;
  for (rapidjson::SizeType i = 0; i < list->Size(); ++i) {
    const Json& entry = (*list)[i];
    if (!entry.IsObject()) {
      root.Mistake(fmt::format("inverters[{}]", i), Shown(entry) + " is not accepted; it takes a group of options");
      continue;
    }
    Section section(entry, fmt::format("inverters[{}].", i), findings);
    InverterOptions inverter = ReadInverter(section);
    if (!inverter.device.id.empty() && !ids.insert(inverter.device.id).second) {
      section.Mistake("name", fmt::format("\"{}\" makes the id {}, which another inverter has; it takes a name that "
                                          "differs in letters or digits",
                                          inverter.device.name, inverter.device.id));
    }
    if (inverter.device.permissions.rehearsal) rehearsals.emplace_back(i, inverter.device);
    const bool is_exclusive =
        std::holds_alternative<SerialPort>(inverter.address) || std::holds_alternative<TcpBridge>(inverter.address);
    if (is_exclusive && !addresses.insert(ToString(inverter.address)).second) {
      section.Mistake("address",
                      fmt::format("\"{}\" is another inverter's, too; it takes one that no other inverter has",
                                  ToString(inverter.address)));
    }
    inverters.push_back(std::move(inverter));
  }
  for (const auto& [i, device] : rehearsals) {
    if (ids.insert(RehearsalOf(device).id).second) continue;
    root.Mistake(fmt::format("inverters[{}].rehearsal", i),
                 fmt::format("its device would have the id {}, which another inverter has; it takes another name",
                             RehearsalOf(device).id));
  }
}

void ReadBroker(Section& section, Broker& broker) {
  section.Read("host", broker.host);
  const bool has_port =
      std::count(broker.host.begin(), broker.host.end(), ':') == 1;  // more of them are an IPv6 address
  if (has_port || broker.host.find_first_of("/ @[]") != std::string::npos) {
    section.Refuse("host", *section.Find("host"), "a host's name or address alone, without mqtt:// and port");
  }
  section.Read("tls", broker.tls);
  broker.port = broker.tls ? kMqttTlsPort : kMqttPort;
  section.ReadPort("port", broker.port);
  section.Read("username", broker.username);
  section.Read("password", broker.password);
  section.Read("ca_file", broker.ca_file);
  if (!broker.password.empty() && broker.username.empty()) {
    section.Mistake("username", "it is missing; MQTT takes a password only together with a username");
  }
  if (!broker.ca_file.empty() && !broker.ca_file.starts_with('/')) {
    section.Refuse("ca_file", *section.Find("ca_file"), "the path of a file, as /ssl/ca.crt");
  }
}

// Without a host the rest says nothing: the Supervisor's broker comes with its own.
void WarnOfIdle(Section& section, const Broker& broker) {
  if (section.Find("host")) return;
  if (broker.tls) section.Warning("tls", "it is ignored, because mqtt.host is not given");
  for (const string_view key : {"port", "username", "password"}) {
    if (section.Find(key)) section.Warning(key, "it is ignored, because mqtt.host is not given");
  }
}

void ReadMqtt(Section& section, MqttOptions& mqtt) {
  ReadBroker(section, mqtt.broker);
  section.ReadLevel("base_topic", mqtt.topics.base);
  section.ReadLevel("discovery_prefix", mqtt.topics.discovery_prefix);
  section.Read("birth_topic", mqtt.birth_topic);
  section.Read("birth_payload", mqtt.birth_payload);
  if (mqtt.birth_topic.find_first_of("+#") != std::string::npos) {
    section.Refuse("birth_topic", *section.Find("birth_topic"), "a topic without + and #");
  }
  section.WarnOfUnknown();
}

}  // namespace

CheckedOptions ParseOptions(string_view json) {
  CheckedOptions checked;
  Findings& findings = checked.findings;
  const auto document = ParseOptionsText(json, findings);
  if (!document) return checked;
  Options& options = checked.options;
  Section root(*document, "", findings);
  ReadInverters(root, options.inverters, findings);

  const Json nothing(rapidjson::kObjectType);
  const Json* mqtt = root.Find("mqtt");
  if (mqtt && !mqtt->IsObject()) {
    root.Refuse("mqtt", *mqtt, "a group of options");
    mqtt = nullptr;
  }
  Section section(mqtt ? *mqtt : nothing, "mqtt.", findings);
  ReadMqtt(section, options.mqtt);
  if (!options.inverters.empty()) options.mqtt.topics.first = options.inverters.front().device.id;

  if (const auto level = root.Choice("log_level", kLogLevels)) options.log_level = static_cast<LogLevel>(*level);
  root.WarnOfUnknown();
  if (findings.mistakes.empty()) WarnOfIdle(section, options.mqtt.broker);
  return checked;
}

}  // namespace aims
