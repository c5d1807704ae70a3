#include "options/options.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <set>

#include "base/json.h"

namespace aims {
namespace {

using std::string_view;
using Json = rapidjson::Value;

// Numbers arrive as their text, so a number and its text are the same; the parser keeps no stack that nesting could
// overflow; text that is not UTF-8 is refused.
constexpr unsigned kParseFlags =
    rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

constexpr size_t kMostShown = 80;
constexpr size_t kMaxNameCharacters = 64;

string_view TextOf(const Json& value) { return {value.GetString(), value.GetStringLength()}; }

bool BeginsCharacter(char byte) { return (byte & 0xc0) != 0x80; }

size_t CountCharacters(string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), BeginsCharacter));
}

bool HasControls(string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

bool IsOneLine(string_view text) { return !HasControls(text) && IsUtf8(text); }

// What a value looks like in a message: one line, of bounded length, whatever is in it.
std::string Shown(const Json& value) {
  if (value.IsObject()) return "a group of options";
  if (value.IsArray()) return "a list";
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (!value.IsString()) return "nothing";
  string_view text = TextOf(value);
  const bool cut = CountCharacters(text) > kMostShown;
  if (cut) {
    size_t characters = 0;
    const auto end =
        std::find_if(text.begin(), text.end(), [&](char c) { return BeginsCharacter(c) && ++characters > kMostShown; });
    text = text.substr(0, static_cast<size_t>(end - text.begin()));
  }
  const bool is_utf8 = IsUtf8(text);
  std::string shown = "\"";
  for (const char c : text)
    shown += HasControls({&c, 1}) || (!is_utf8 && static_cast<unsigned char>(c) > '~') ? '?' : c;
  return shown + (cut ? "…\"" : "\"");
}

std::string ListOf(const auto& choices) {
  std::string list;
  for (size_t i = 0; i < std::size(choices); ++i) {
    if (i > 0) list += i + 1 == std::size(choices) ? " or " : ", ";
    list += fmt::format("{}", choices[i]);
  }
  return list;
}

// One object of the options. Hands out members by key and notes what is wrong with them; members that nobody asked for
// are the unknown ones.
class Section {
 public:
  Section(const Json& object, std::string path, CheckedOptions& checked)
      : object_(object), path_(std::move(path)), checked_(checked) {}

  // The member, or null where it is not given: absent, null, or an empty string.
  const Json* Find(string_view key) {
    known_.insert(key);
    const auto member = object_.FindMember(Json(rapidjson::StringRef(key.data(), key.size())));
    if (member == object_.MemberEnd() || member->value.IsNull()) return nullptr;
    if (member->value.IsString() && member->value.GetStringLength() == 0) return nullptr;
    return &member->value;
  }

  void Mistake(string_view key, const std::string& what) { checked_.mistakes.push_back(path_ + Keyed(key, what)); }
  void Warning(string_view key, const std::string& what) { checked_.warnings.push_back(path_ + Keyed(key, what)); }

  // `accepts` ends the sentence "it takes …".
  void Refuse(string_view key, const Json& value, string_view accepts) {
    const bool secret = key == "password";
    Mistake(key, fmt::format("{} is not accepted; it takes {}", secret ? "what it holds" : Shown(value), accepts));
  }

  std::string Text(string_view key, string_view otherwise = "") {
    const Json* value = Find(key);
    if (!value) return std::string(otherwise);
    if (value->IsString() && IsOneLine(TextOf(*value))) return std::string(TextOf(*value));
    Refuse(key, *value, "a text of one line");
    return std::string(otherwise);
  }

  bool Switch(string_view key, bool otherwise) {
    const Json* value = Find(key);
    if (!value) return otherwise;
    if (value->IsBool()) return value->GetBool();
    const string_view text = value->IsString() ? TextOf(*value) : "";
    if (text != "true" && text != "false") Refuse(key, *value, "true or false");
    return text == "true";
  }

  double Number(string_view key, double least, double most, double otherwise, string_view unit) {
    const Json* value = Find(key);
    if (!value) return otherwise;
    const auto number = value->IsString() ? Parse(TextOf(*value)) : std::nullopt;
    if (number && *number >= least && *number <= most) return *number;
    Refuse(key, *value, fmt::format("a number from {} to {}{}", least, most, unit));
    return otherwise;
  }

  // Rounded up.
  std::chrono::seconds WholeSeconds(string_view key, std::chrono::seconds least, std::chrono::seconds most,
                                    std::chrono::seconds otherwise) {
    const auto count = [](std::chrono::seconds time) { return static_cast<double>(time.count()); };
    const double number = Number(key, count(least), count(most), count(otherwise), " (seconds)");
    return std::chrono::seconds(static_cast<int64_t>(std::ceil(number)));
  }

  std::optional<double> Maybe(string_view key, double least, double most, string_view unit) {
    if (!Find(key)) return {};
    return Number(key, least, most, least, unit);
  }

  uint16_t Port(string_view key, uint16_t otherwise) {
    const Json* value = Find(key);
    if (!value) return otherwise;
    const auto number = value->IsString() ? Parse(TextOf(*value)) : std::nullopt;
    if (number && *number >= 1 && *number <= 65535 && *number == std::floor(*number)) {
      return static_cast<uint16_t>(*number);
    }
    Refuse(key, *value, "a whole number from 1 to 65535");
    return otherwise;
  }

  // One of `choices`, numbers or words; its place among them.
  size_t Choice(string_view key, const auto& choices, size_t otherwise) {
    const Json* value = Find(key);
    if (!value) return otherwise;
    for (size_t i = 0; i < std::size(choices); ++i) {
      if (value->IsString() && TextOf(*value) == fmt::format("{}", choices[i])) return i;
    }
    Refuse(key, *value, ListOf(choices));
    return otherwise;
  }

  // A single level of a topic.
  std::string Level(string_view key, string_view otherwise) {
    std::string text = Text(key, otherwise);
    if (!IsTopicLevel(text)) Refuse(key, *Find(key), "letters, digits, _ and -");
    return text;
  }

  void WarnOfUnknown() {
    for (const auto& member : object_.GetObject()) {
      if (known_.contains(TextOf(member.name))) continue;
      Warning(Shown(member.name), "there is no such option; it is ignored");
    }
  }

 private:
  static std::string Keyed(string_view key, const std::string& what) { return fmt::format("{}: {}", key, what); }

  static std::optional<double> Parse(string_view text) {
    double number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return {};
    return number;
  }

  const Json& object_;
  std::string path_;  // "mqtt." and the like; empty at the root
  CheckedOptions& checked_;
  std::set<string_view, std::less<>> known_;
};

std::chrono::milliseconds Seconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::llround(seconds * 1000)));
}

void ReadName(Section& section, Device& device) {
  const Json* value = section.Find("name");
  if (!value) return section.Mistake("name", "it is missing; it takes a text of 1 to 64 characters");
  device.name = section.Text("name");
  device.id = Slug(device.name);
  const bool fits = CountCharacters(device.name) <= kMaxNameCharacters && !device.id.empty();
  if (!device.name.empty() && !fits) {
    section.Refuse("name", *value, "a text of 1 to 64 characters with a letter of a-z or a digit among them");
  }
}

void ReadAddress(Section& section, Address& into) {
  const std::string device = section.Text("device");
  const std::string address = section.Text("address");
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

BatteryOptions ReadBattery(Section& section) {
  BatteryOptions battery;
  const size_t type = section.Choice("battery_type", kBatteryTypes, std::size(kBatteryTypes));
  if (type < std::size(kBatteryTypes)) battery.type = static_cast<BatteryType>(type);
  const size_t nominal = section.Choice("nominal_voltage", kNominalVoltages, std::size(kNominalVoltages));
  if (nominal < std::size(kNominalVoltages)) battery.nominal_voltage = kNominalVoltages[nominal];
  battery.capacity = section.Maybe("battery_capacity", 1, 10'000, " (Ah)");
  battery.rated_power = section.Maybe("rated_power", 50, 50'000, " (VA)");
  battery.power_factor = section.Number("power_factor", 0.1, 1, 1, "");
  battery.efficiency = section.Number("efficiency", 0.3, 1, 0.9, "");
  battery.idle_power = section.Maybe("idle_power", 0, 1000, " (W)");
  battery.charge_current = section.Maybe("charge_current", 0.1, 1000, " (A)");
  battery.cutoff_voltage = section.Maybe("cutoff_voltage", 5, 60, " (V)");
  return battery;
}

ShutdownOptions ReadShutdown(Section& section) {
  ShutdownOptions shutdown;
  shutdown.charge = section.Number("shutdown_charge", 0, 100, 30, " (%)");
  shutdown.runtime = Seconds(section.Number("shutdown_runtime", 0, 86'400, 300, " (seconds)"));
  shutdown.voltage = section.Maybe("shutdown_voltage", 5, 60, " (V)");
  const auto after = section.Maybe("shutdown_after", 1, 604'800, " (seconds)");
  if (after) shutdown.after = Seconds(*after);
  shutdown.delay = Seconds(section.Number("shutdown_delay", 0, 3600, 10, " (seconds)"));
  shutdown.restore_delay = Seconds(section.Number("restore_delay", 0, 86'400, 60, " (seconds)"));
  shutdown.restart_charge = section.Number("restart_charge", 0, 100, 30, " (%)");
  return shutdown;
}

InverterOptions ReadInverter(Section& section) {
  InverterOptions inverter;
  ReadName(section, inverter.device);
  ReadAddress(section, inverter.address);
  inverter.device.model = section.Text("model");
  inverter.baud_rate = kBaudRates[section.Choice("baud_rate", kBaudRates, 1)];
  inverter.poll_interval = Seconds(section.Number("poll_interval", 0, 60, 1, " (seconds)"));
  inverter.report_interval = Seconds(section.Number("report_interval", 1, 3600, 10, " (seconds)"));
  inverter.battery = ReadBattery(section);
  inverter.shutdown = ReadShutdown(section);
  Allowed& allowed = inverter.device.allowed;
  allowed.control = section.Switch("control", false);
  allowed.megatec_control = section.Switch("megatec_control", false);
  allowed.rehearsal = section.Switch("rehearsal", false);
  inverter.delays.off =
      section.WholeSeconds("off_delay", ShutdownDelays::kLeastOff, ShutdownDelays::kMostOff, inverter.delays.off);
  inverter.delays.back =
      section.WholeSeconds("return_delay", ShutdownDelays::kLeastBack, ShutdownDelays::kMostBack, inverter.delays.back);
  section.WarnOfUnknown();
  return inverter;
}

void ReadInverters(Section& root, CheckedOptions& checked) {
  const Json* list = root.Find("inverters");
  if (!list) return root.Mistake("inverters", "it is missing; it takes a list with an entry for each inverter");
  if (!list->IsArray() || list->Empty()) {
    return root.Mistake("inverters", fmt::format("{} is not accepted; it takes a list with an entry for each inverter",
                                                 list->IsArray() ? "an empty list" : Shown(*list)));
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
    Section section(entry, fmt::format("inverters[{}].", i), checked);
    InverterOptions inverter = ReadInverter(section);
    if (!inverter.device.id.empty() && !ids.insert(inverter.device.id).second) {
      section.Mistake("name", fmt::format("\"{}\" makes the id {}, which another inverter has; it takes a name that "
                                          "differs in letters or digits",
                                          inverter.device.name, inverter.device.id));
    }
    if (inverter.device.allowed.rehearsal) rehearsals.emplace_back(i, inverter.device);
    const bool is_exclusive =
        std::holds_alternative<SerialPort>(inverter.address) || std::holds_alternative<TcpBridge>(inverter.address);
    if (is_exclusive && !addresses.insert(ToString(inverter.address)).second) {
      section.Mistake("address", fmt::format("\"{}\" is another inverter's, too; it takes one that nobody else has",
                                             ToString(inverter.address)));
    }
    checked.options.inverters.push_back(std::move(inverter));
  }
  for (const auto& [i, device] : rehearsals) {
    if (ids.insert(RehearsalOf(device).id).second) continue;
    root.Mistake(fmt::format("inverters[{}].rehearsal", i),
                 fmt::format("its device would have the id {}, which another inverter has; it takes another name",
                             RehearsalOf(device).id));
  }
}

void ReadBroker(Section& section, Broker& broker) {
  broker.host = section.Text("host");
  const bool has_port =
      std::count(broker.host.begin(), broker.host.end(), ':') == 1;  // more of them are an IPv6 address
  if (has_port || broker.host.find_first_of("/ @[]") != std::string::npos) {
    section.Refuse("host", *section.Find("host"), "a host's name or address alone, without mqtt:// and port");
  }
  broker.tls = section.Switch("tls", false);
  broker.port = section.Port("port", broker.tls ? 8883 : 1883);
  broker.username = section.Text("username");
  broker.password = section.Text("password");
  broker.ca_file = section.Text("ca_file");
  if (!broker.password.empty() && broker.username.empty()) {
    section.Mistake("username", "it is missing; MQTT takes a password only together with a username");
  }
  if (!broker.ca_file.empty() && !broker.ca_file.starts_with('/')) {
    section.Refuse("ca_file", *section.Find("ca_file"), "the path of a file, as /ssl/ca.crt");
  }
}

// Without a host the rest says nothing: the Supervisor's broker comes with its own.
void WarnOfIdle(Section& section) {
  if (section.Find("host")) return;
  for (const string_view key : {"port", "username", "password"}) {
    if (section.Find(key)) section.Warning(key, "it is ignored, because mqtt.host is not given");
  }
}

void ReadMqtt(Section& section, Options& options) {
  ReadBroker(section, options.broker);
  options.topics.base = section.Level("base_topic", "aims2mqtt");
  options.topics.discovery_prefix = section.Level("discovery_prefix", "homeassistant");
  options.birth_topic = section.Text("birth_topic", "homeassistant/status");
  options.birth_payload = section.Text("birth_payload", "online");
  if (options.birth_topic.find_first_of("+#") != std::string::npos) {
    section.Refuse("birth_topic", *section.Find("birth_topic"), "a topic without + and #");
  }
  section.WarnOfUnknown();
}

}  // namespace

CheckedOptions ParseOptions(string_view json) {
  CheckedOptions checked;
  rapidjson::Document document;
  document.Parse<kParseFlags>(json.data(), json.size());
  if (document.HasParseError()) {
    checked.mistakes.push_back(fmt::format("this is not JSON: {} (at byte {})",
                                           rapidjson::GetParseError_En(document.GetParseError()),
                                           document.GetErrorOffset()));
    return checked;
  }
  if (!document.IsObject()) {
    checked.mistakes.push_back(fmt::format("this is {}, not a group of options", Shown(document)));
    return checked;
  }
  Section root(document, "", checked);
  ReadInverters(root, checked);

  const Json nothing(rapidjson::kObjectType);
  const Json* mqtt = root.Find("mqtt");
  if (mqtt && !mqtt->IsObject()) {
    root.Refuse("mqtt", *mqtt, "a group of options");
    mqtt = nullptr;
  }
  Section section(mqtt ? *mqtt : nothing, "mqtt.", checked);
  ReadMqtt(section, checked.options);

  const size_t level = root.Choice("log_level", kLogLevels, static_cast<size_t>(LogLevel::kInfo));
  checked.options.log_level = static_cast<LogLevel>(level);
  root.WarnOfUnknown();
  if (checked.mistakes.empty()) WarnOfIdle(section);
  return checked;
}

Device RehearsalOf(const Device& device) {
  const std::string name = device.name + " (rehearsal)";
  return {Slug(name), name, device.model};
}

std::string Slug(string_view name) {
  std::string slug;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      slug += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!slug.empty() && slug.back() != '_') {
      slug += '_';
    }
  }
  if (slug.ends_with('_')) slug.pop_back();
  return slug;
}

}  // namespace aims
