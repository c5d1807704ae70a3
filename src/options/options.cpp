#include "options/options.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace aims {
namespace {

using std::string_view;
using Json = rapidjson::Value;

constexpr size_t kMaxNameCharacters = 64;
constexpr size_t kMostNames = 200;  // bytes of names in one sentence

void ReadName(Section& section, Device& device) {
  const Json* value = section.Find("name");
  if (!value) return section.Mistake("name", "it is missing; it takes a text of 1 to 64 characters");
  section.Read("name", device.name);
  device.id = Slug(device.name);
  const bool fits = CountCharacters(device.name) <= kMaxNameCharacters && !device.id.empty();
  if (!device.name.empty() && !fits) {
    section.Refuse("name", *value, "a text of 1 to 64 characters with a letter of a-z or a digit among them");
    device.id.clear();
  }
}

void ReadTypedAddress(Section& section, Address& into) {
  std::string address;
  section.Read("address", address);
  if (address.empty()) return;
  const auto parsed = ParseAddress(address);
  if (!parsed) {
    return section.Mistake("address",
                           fmt::format("{} is not accepted ({}); it takes {}", Shown(*section.Find("address")),
                                       parsed.error().message, kAddressForms));
  }
  into = *parsed;
}

void ReadAddress(Section& section, Address& into) {
  if (section.Find("address")) {
    if (section.Find("device")) section.Warning("device", "it is ignored, because address is set");
    return ReadTypedAddress(section, into);
  }
  std::string device;
  section.Read("device", device);
  if (!device.empty() && !device.starts_with('/')) {
    section.Refuse("device", *section.Find("device"), "the path of a serial device, such as /dev/serial/by-id/…");
  }
  if (!device.empty()) into = SerialPort{device};
}

// Where the keys of an inverter's entry are now that stood there before there were groups.
constexpr std::pair<string_view, string_view> kMoved[] = {
    {"report_interval", "mqtt.report_interval"},
    {"battery_type", "batteries[].type"},
    {"nominal_voltage", "batteries[].nominal_voltage"},
    {"battery_capacity", "batteries[].capacity"},
    {"capacity_1h", "batteries[].capacity_1h"},
    {"power_factor", "batteries[].power_factor"},
    {"efficiency", "batteries[].efficiency"},
    {"idle_power", "batteries[].idle_power"},
    {"charge_current", "batteries[].charge_current"},
    {"cutoff_voltage", "batteries[].cutoff_voltage"},
    {"shutdown_charge", "shutdown.charge"},
    {"shutdown_runtime", "shutdown.runtime"},
    {"shutdown_voltage", "shutdown.voltage"},
    {"shutdown_after", "shutdown.after"},
    {"shutdown_delay", "shutdown.delay"},
    {"restore_delay", "shutdown.restore_delay"},
    {"restart_charge", "shutdown.restart_charge"},
    {"rehearsal", "control.rehearsal"},
    {"control", "control.beeper"},
    {"megatec_control", "control.megatec"},
    {"off_delay", "control.off_delay"},
    {"return_delay", "control.return_delay"},
};

InverterOptions ReadInverter(Section& section) {
  InverterOptions inverter;
  ReadName(section, inverter.device);
  ReadAddress(section, inverter.address);
  section.Read("model", inverter.device.model);
  section.Read("rated_power", inverter.battery.rated_power, 50, 50'000, " (VA)");
  if (const auto rate = section.Choice("baud_rate", kBaudRates)) inverter.baud_rate = kBaudRates[*rate];
  section.Read("poll_interval", inverter.poll_interval, 0, 60);
  if (const auto volts = section.Choice("utility_voltage", kUtilityVoltages)) {
    inverter.utility_voltage = kUtilityVoltages[*volts];
  }
  section.Read("battery_priority", inverter.has_battery_priority);
  if (inverter.has_battery_priority && !inverter.utility_voltage) {
    section.Mistake("battery_priority", "it needs utility_voltage, to tell an outage from the battery-priority mode");
  }
  for (const auto& [before, now] : kMoved) {
    if (section.Find(before)) section.Mistake(before, fmt::format("this option has moved; it is {} now", now));
  }
  section.WarnOfUnknown();
  return inverter;
}

void ReadInverters(Section& root, std::vector<InverterOptions>& inverters) {
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
  root.ReadEntries("inverters", *list, [&](Section& section) {
    InverterOptions inverter = ReadInverter(section);
    if (!inverter.device.id.empty() && !ids.insert(inverter.device.id).second) {
      section.Mistake("name", fmt::format("\"{}\" makes the id {}, which another inverter has; it takes a name that "
                                          "differs in letters or digits",
                                          inverter.device.name, inverter.device.id));
    }
    const bool is_exclusive =
        std::holds_alternative<SerialPort>(inverter.address) || std::holds_alternative<TcpBridge>(inverter.address);
    if (is_exclusive && !addresses.insert(ToString(inverter.address)).second) {
      section.Mistake("address",
                      fmt::format("\"{}\" is another inverter's, too; it takes one that no other inverter has",
                                  ToString(inverter.address)));
    }
    inverters.push_back(std::move(inverter));
  });
}

BatteryOptions ReadBattery(Section& section) {
  BatteryOptions battery;
  if (const auto type = section.Choice("type", kBatteryTypes)) battery.type = static_cast<BatteryType>(*type);
  if (const auto volts = section.Choice("nominal_voltage", kNominalVoltages)) {
    battery.nominal_voltage = kNominalVoltages[*volts];
  }
  section.Read("capacity", battery.capacity, 1, 10'000, " (Ah)");
  section.Read("capacity_1h", battery.capacity_1h, 0.5, 10'000, " (Ah)");
  if (battery.capacity && battery.capacity_1h && *battery.capacity_1h > *battery.capacity) {
    section.Refuse("capacity_1h", *section.Find("capacity_1h"), "at most capacity, which is the Ah in 20 hours");
  }
  section.Read("charge_current", battery.charge_current, 0.1, 1000, " (A)");
  section.Read("cutoff_voltage", battery.cutoff_voltage, 5, 60, " (V)");
  section.Read("power_factor", battery.power_factor, 0.1, 1, "");
  section.Read("efficiency", battery.efficiency, 0.3, 1, "");
  section.Read("idle_power", battery.idle_power, 0, 1000, " (W)");
  section.WarnOfUnknown();
  return battery;
}

std::string NamesOf(const std::vector<InverterOptions>& inverters) {
  std::vector<std::string> names;
  names.reserve(inverters.size());
  for (const InverterOptions& inverter : inverters) names.push_back('"' + inverter.device.name + '"');
  const std::string all = ListOf(names);
  return all.size() <= kMostNames ? all : "the name of an inverter, such as " + names.front();
}

// Whose battery it is: the one inverter that it names, or each that no entry names.
class Batteries {
 public:
  // `are_named`: each inverter of the options is among `inverters`, with a good name.
  Batteries(std::vector<InverterOptions>& inverters, bool are_named)
      : inverters_(inverters), is_taken_(inverters.size(), false), are_named_(are_named) {}

  void Read(Section& section) {
    std::string name;
    section.Read("inverter", name);
    const BatteryOptions battery = ReadBattery(section);
    if (name.empty() && section.Find("inverter")) return;  // a mistake, which is said
    if (name.empty()) return TakeForRest(section, battery);
    const auto found = std::find_if(inverters_.begin(), inverters_.end(),
                                    [&](const InverterOptions& one) { return one.device.id == Slug(name); });
    if (found == inverters_.end()) {
      if (are_named_) section.Refuse("inverter", *section.Find("inverter"), NamesOf(inverters_));
      return;
    }
    const auto place = static_cast<size_t>(found - inverters_.begin());
    if (is_taken_[place]) return section.Mistake("inverter", "another entry is for this inverter, too");
    is_taken_[place] = true;
    Give(*found, battery);
  }

  // The mistake that is left; empty: none.
  std::string GiveRest() {
    bool is_given = false;
    for (size_t i = 0; rest_ && i < inverters_.size(); ++i) {
      if (is_taken_[i]) continue;
      Give(inverters_[i], *rest_);
      is_given = true;
    }
    if (!rest_ || is_given || !are_named_) return "";
    return "the entry without an inverter is for none, because each inverter has an entry of its own; remove it";
  }

 private:
  void TakeForRest(Section& section, const BatteryOptions& battery) {
    if (rest_) {
      section.Mistake("inverter",
                      "it is missing, as in another entry; with more than one battery it takes the inverter's name");
    }
    rest_ = battery;
  }

  static void Give(InverterOptions& inverter, BatteryOptions battery) {
    battery.rated_power = inverter.battery.rated_power;
    inverter.battery = battery;
  }

  std::vector<InverterOptions>& inverters_;
  std::vector<bool> is_taken_;
  bool are_named_;
  std::optional<BatteryOptions> rest_;
};

void ReadBatteries(Section& root, std::vector<InverterOptions>& inverters) {
  const Json* list = root.Find("batteries");
  if (!list) return;
  if (!list->IsArray()) return root.Refuse("batteries", *list, "a list with an entry for each battery");
  if (list->Size() > kMostInverters) {
    return root.Mistake("batteries", fmt::format("it has {} entries; it takes up to {}", list->Size(), kMostInverters));
  }
  const Json* entries = root.Find("inverters");
  const bool are_read = !inverters.empty() && entries->Size() == inverters.size();
  const bool are_named = are_read && std::none_of(inverters.begin(), inverters.end(),
                                                  [](const InverterOptions& one) { return one.device.id.empty(); });
  Batteries batteries(inverters, are_named);
  root.ReadEntries("batteries", *list, [&](Section& section) { batteries.Read(section); });
  const std::string mistake = batteries.GiveRest();
  if (!mistake.empty()) root.Mistake("batteries", mistake);
}

bool HaveOneVoltage(const std::vector<InverterOptions>& inverters) {
  std::set<double> voltages;
  for (const InverterOptions& inverter : inverters) {
    if (const auto volts = inverter.battery.nominal_voltage) voltages.insert(*volts);
  }
  return voltages.size() <= 1;
}

void ReadShutdown(Section& section, std::vector<InverterOptions>& inverters) {
  ShutdownOptions shutdown;
  section.Read("charge", shutdown.charge, 0, 100, " (%)");
  section.Read("runtime", shutdown.runtime, 0, 86'400);
  section.Read("voltage", shutdown.voltage, 5, 60, " (V)");
  section.Read("after", shutdown.after, 1, 604'800);
  section.Read("delay", shutdown.delay, 0, 3600);
  section.Read("restore_delay", shutdown.restore_delay, 0, 86'400);
  section.Read("restart_charge", shutdown.restart_charge, 0, 100, " (%)");
  section.WarnOfUnknown();
  if (shutdown.voltage && !HaveOneVoltage(inverters)) {
    section.Mistake("voltage",
                    "one voltage does not fit batteries that differ in nominal_voltage; leave it empty, and use charge "
                    "or runtime");
  }
  for (InverterOptions& inverter : inverters) inverter.shutdown = shutdown;
}

// Each rehearsal is a device of its own.
void CheckRehearsals(Section& section, const std::vector<InverterOptions>& inverters) {
  std::set<std::string> ids;
  for (const InverterOptions& inverter : inverters) ids.insert(inverter.device.id);
  for (const InverterOptions& inverter : inverters) {
    const std::string id = RehearsalOf(inverter.device).id;
    if (!ids.contains(id)) continue;
    section.Mistake("rehearsal", fmt::format("the rehearsal of \"{}\" would have the id {}, which another inverter "
                                             "has; rename one of the two",
                                             inverter.device.name, id));
  }
}

void ReadControl(Section& section, std::vector<InverterOptions>& inverters) {
  Permissions permissions;
  ShutdownDelays delays;
  section.Read("beeper", permissions.beeper);
  section.Read("megatec", permissions.megatec);
  section.Read("rehearsal", permissions.rehearsal);
  section.Read("off_delay", delays.off, ShutdownDelays::kLeastOff, ShutdownDelays::kMostOff);
  section.Read("return_delay", delays.back, ShutdownDelays::kLeastBack, ShutdownDelays::kMostBack);
  section.WarnOfUnknown();
  for (InverterOptions& inverter : inverters) {
    inverter.device.permissions = permissions;
    inverter.delays = delays;
  }
  if (permissions.rehearsal) CheckRehearsals(section, inverters);
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
  section.ReadPath("ca_file", broker.ca_file, "/ssl/ca.crt");
  if (!broker.password.empty() && broker.username.empty()) {
    section.Mistake("username", "it is missing; MQTT takes a password only together with a username");
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
  section.Read("report_interval", mqtt.report_interval, 1, 3600);
  if (mqtt.birth_topic.find_first_of("+#") != std::string::npos) {
    section.Refuse("birth_topic", *section.Find("birth_topic"), "a topic without + and #");
  }
  section.WarnOfUnknown();
}

// What NUT's clients can send as it is: most of them quote and escape nothing.
bool IsPlainWord(string_view text) {
  static constexpr string_view kNotPlain = "#\"\\";
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c <= '~' && kNotPlain.find(c) == string_view::npos; });
}

void ReadPlainWord(Section& section, string_view key, std::string& into) {
  constexpr string_view kTakes = R"(letters, digits and other signs of ASCII, but no blank, #, " and \)";
  const Json* value = section.Find(key);
  if (!value) return section.Mistake(key, fmt::format("it is missing; it takes {}", kTakes));
  const string_view text = value->IsString() ? string_view(value->GetString(), value->GetStringLength()) : "";
  if (text.empty() || !IsPlainWord(text)) return section.Refuse(key, *value, kTakes);
  into = text;
}

NutUser ReadNutUser(Section& section) {
  NutUser user;
  ReadPlainWord(section, "name", user.name);
  ReadPlainWord(section, "password", user.password);
  if (const auto role = section.Choice("role", kNutRoles)) user.role = static_cast<NutRole>(*role);
  section.Read("commands", user.commands);
  section.WarnOfUnknown();
  return user;
}

void ReadNutUsers(Section& nut, NutOptions& into) {
  const Json* list = nut.Find("users");
  if (!list) return;
  if (!list->IsArray()) return nut.Refuse("users", *list, "a list with an entry for each user");
  std::set<std::string> names, of_nas;
  if (into.nas) {
    for (const auto& [name, password] : kNasLogins) of_nas.emplace(name);
  }
  nut.ReadEntries("users", *list, [&](Section& section) {
    NutUser user = ReadNutUser(section);
    const auto refuse = [&](string_view why) { section.Mistake("name", fmt::format("\"{}\" {}", user.name, why)); };
    if (of_nas.contains(user.name)) refuse("is one of the logins that nut.nas adds; it takes another name");
    const bool is_other = user.name.empty() || names.insert(user.name).second;
    if (!is_other) refuse("is another user's name, too; it takes one that no other user has");
    into.users.push_back(std::move(user));
  });
}

void ReadNut(Section& section, NutOptions& nut) {
  section.Read("enabled", nut.enabled);
  section.ReadPort("port", nut.port);
  section.Read("nas", nut.nas);
  section.Read("tls", nut.tls);
  section.ReadPath("cert_file", nut.cert_file, "/ssl/fullchain.pem");
  section.ReadPath("key_file", nut.key_file, "/ssl/privkey.pem");
  if (nut.cert_file.empty() != nut.key_file.empty()) {
    const string_view missing = nut.cert_file.empty() ? "cert_file" : "key_file";
    section.Mistake(missing, "it is missing; a certificate and its key are given together, or neither");
  }
  if (!nut.tls && !nut.cert_file.empty()) {
    section.Warning("cert_file", "it is ignored, because nut.tls is off, and passwords are sent as plain text");
  }
  ReadNutUsers(section, nut);
  section.WarnOfUnknown();
}

bool IsIpAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET, text.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), ignored.data()) == 1;
}

void ReadWeb(Section& section, WebOptions& web) {
  section.Read("enabled", web.enabled);
  section.Read("address", web.address);
  if (!IsIpAddress(web.address)) {
    section.Refuse("address", *section.Find("address"),
                   "an IP address of this machine, such as 0.0.0.0 for all of them");
  }
  section.ReadPort("port", web.port);
  section.WarnOfUnknown();
}

// The group `key`; an empty one where it is not given.
class Group {
 public:
  Group(Section& root, string_view key, Findings& findings)
      : section_(ObjectIn(root, key), std::string(key) + ".", findings) {}

  Section& section() { return section_; }

 private:
  static const Json& ObjectIn(Section& root, string_view key) {
    static const Json kNothing(rapidjson::kObjectType);
    const Json* group = root.Find(key);
    if (group && group->IsObject()) return *group;
    if (group) root.Refuse(key, *group, "a group of options");
    return kNothing;
  }

  Section section_;
};

}  // namespace

CheckedOptions ParseOptions(string_view json) {
  CheckedOptions checked;
  Findings& findings = checked.findings;
  const auto document = ParseOptionsText(json, findings);
  if (!document) return checked;
  Options& options = checked.options;
  Section root(*document, "", findings);
  ReadInverters(root, options.inverters);
  ReadBatteries(root, options.inverters);
  ReadShutdown(Group(root, "shutdown", findings).section(), options.inverters);
  ReadControl(Group(root, "control", findings).section(), options.inverters);
  for (InverterOptions& inverter : options.inverters) inverter.device.described = DescribedBy(inverter.battery);

  Group mqtt(root, "mqtt", findings);
  ReadMqtt(mqtt.section(), options.mqtt);
  if (!options.inverters.empty()) options.mqtt.topics.first = options.inverters.front().device.id;

  ReadNut(Group(root, "nut", findings).section(), options.nut);
  for (InverterOptions& inverter : options.inverters) inverter.device.has_nut = options.nut.enabled;

  ReadWeb(Group(root, "web", findings).section(), options.web);

  if (const auto level = root.Choice("log_level", kLogLevels)) options.log_level = static_cast<LogLevel>(*level);
  root.WarnOfUnknown();
  if (findings.mistakes.empty()) WarnOfIdle(mqtt.section(), options.mqtt.broker);
  return checked;
}

}  // namespace aims
