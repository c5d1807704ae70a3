#include "homeassistant/documents.h"

#include <doctest/doctest.h>
#include <rapidjson/document.h>

#include <map>
#include <regex>
#include <set>
#include <string>

#include "homeassistant/entities.h"
#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;

namespace {

const Topics kTopics{"aims2mqtt", "homeassistant"};
const Device kInverter{"aims_inverter", "AIMS inverter", "", {}, {true, true}};
const Device kPicoglf{"aims_inverter", "AIMS inverter", "PICOGLF12W12V120AL", {}, {true, true}};
const Origin kOrigin{"1.2.3", "homeassistant://config/app/a_b/info"};

rapidjson::Document Parsed(const std::string& json) {
  rapidjson::Document document;
  document.Parse(json.c_str());
  REQUIRE_FALSE(document.HasParseError());
  return document;
}

std::set<std::string> KeysOf(const rapidjson::Value& object) {
  std::set<std::string> keys;
  for (const auto& member : object.GetObject()) keys.insert(member.name.GetString());
  return keys;
}

std::string Text(const rapidjson::Value& object, const char* key) {
  return object.HasMember(key) ? object[key].GetString() : "";
}

}  // namespace

TEST_CASE("the topics are the contract's") {
  CHECK(kTopics.Bridge() == "aims2mqtt/bridge");
  CHECK(kTopics.Link(kInverter) == "aims2mqtt/aims_inverter/link");
  CHECK(kTopics.State(kInverter) == "aims2mqtt/aims_inverter/state");
  CHECK(kTopics.Event(kInverter) == "aims2mqtt/aims_inverter/event");
  CHECK(kTopics.Discovery(kInverter) == "homeassistant/device/aims2mqtt_aims_inverter/config");
}

TEST_CASE("the keys of the state are those of the discovery, in every state of knowledge") {
  const auto discovery = Parsed(DiscoveryDocument(kTopics, kInverter, kOrigin));
  auto components = KeysOf(discovery["cmps"]);
  CHECK(components.size() == 31);
  CHECK(components.erase("power_event") == 1);  // what happens is no state
  // The sources of attributes.
  components.insert(
      {"battery_charge_range", "battery_runtime_range", "shutdown_reasons", "running_outage", "last_outage_record"});
  for (const Snapshot& snapshot :
       {Snapshot{}, Snapshot{Reading{}, true}, Snapshot{*megatec::ParseStatus(frames::kMains), true}}) {
    CHECK(KeysOf(Parsed(StateDocument(snapshot))) == components);
  }
}

TEST_CASE("the state of a real frame, value by value") {
  Snapshot snapshot{*megatec::ParseStatus(frames::kMains), true};
  snapshot.utility_power = true;
  CHECK(
      StateDocument(snapshot) ==
      R"({"battery_low":"OFF","battery_voltage":13.5,"utility_power":"ON","utility_voltage":111.0,)"
      R"("utility_fault_voltage":111.0,"load":0,"output_voltage":112.0,"output_frequency":60.0,"temperature":0.0,)"
      R"("ups_failed":"OFF","self_test":"OFF","shutdown_flag":"OFF","beeper":"ON","line_interactive":"ON",)"
      R"("avr_active":"OFF","connection":"ON","status":null,"battery_charge":null,"battery_runtime":null,)"
      R"("battery_health":null,"battery_problem":"OFF","load_power":null,"energy_on_battery":0.0,"energy_total":0.0,)"
      R"("on_battery_since":null,"last_outage":null,"last_outage_duration":null,"outages":0,"shutdown_advised":"OFF",)"
      R"("safe_to_start":"OFF","battery_charge_range":null,"battery_runtime_range":null,"shutdown_reasons":{"reasons":[]},"running_outage":null,"last_outage_record":null})");
}

TEST_CASE("what follows from readings is written in its own forms") {
  Snapshot snapshot;
  snapshot.status = Status::kBatteryLow;
  snapshot.on_battery_since = *ParseTime("2026-11-22T21:04:00.250+00:00");
  snapshot.battery_charge = 29;
  snapshot.battery_charge_range = Spread{24, 34};
  snapshot.battery_runtime_range = Spread{1200, 1800};
  snapshot.energy_total.value = 12.34;
  snapshot.shutdown_advised = true;
  snapshot.shutdown_reasons = {{ShutdownAdvisor::Why::kCharge, 29}, {ShutdownAdvisor::Why::kRuntime, 280.04, 300}};
  snapshot.last_outage_record = Outage{};
  const auto state = Parsed(StateDocument(snapshot));
  CHECK(Text(state, "status") == "Battery low");
  CHECK(Text(state, "on_battery_since") == "2026-11-22T21:04:00.250+00:00");
  CHECK(state["battery_charge"].GetInt() == 29);
  CHECK(state["battery_charge_range"]["least"].GetInt() == 24);
  CHECK(state["battery_runtime_range"]["most"].GetInt() == 1800);
  CHECK(state["energy_total"].GetDouble() == 12.34);
  const auto& reasons = state["shutdown_reasons"]["reasons"];
  REQUIRE(reasons.Size() == 2);
  CHECK(Text(reasons[1], "reason") == "runtime");
  CHECK(reasons[1]["value"].GetDouble() == 280.0);
  CHECK(reasons[1]["limit"].GetDouble() == 300.0);
  CHECK_FALSE(reasons[0].HasMember("limit"));
  CHECK(Text(state["last_outage_record"], "cause") == "unknown");
  CHECK(state["running_outage"].IsNull());
  snapshot.outage_cause = Cause::kMainsPresent;
  snapshot.is_mains_present = true;
  const auto running = Parsed(StateDocument(snapshot));
  CHECK(Text(running["running_outage"], "cause") == "mains present");
  CHECK(running["running_outage"]["mains_present"].GetBool());
}

TEST_CASE("an inverter that does not answer has null for all of the wire, and a connection that is off") {
  const auto state = Parsed(StateDocument({}));
  for (const Entity& entity : kEntities) {
    CAPTURE(entity.key);
    if (!HasState(entity) || entity.needs == Needs::kNut) continue;
    const auto& value = state[std::string(entity.key).c_str()];
    if (IsOneOf<OwnFlag>(entity.source)) {
      CHECK(value.GetString() == std::string("OFF"));
    } else {
      CHECK(value.IsNull() != IsOneOf<OwnTotal>(entity.source));
    }
  }
}

// The rules that Home Assistant's MQTT integration applies to a device (home-assistant/core,
// homeassistant/components/mqtt/schemas.py): strict at the root, in dev and in o.
TEST_CASE("the discovery keeps Home Assistant's rules") {
  const auto discovery = Parsed(DiscoveryDocument(kTopics, kPicoglf, kOrigin));
  const std::set<std::string> root{"dev", "o", "cmps", "avty", "avty_mode", "stat_t"};
  const std::set<std::string> dev{"ids", "name", "mf", "mdl", "cu"};
  const std::set<std::string> origin{"name", "sw", "url"};
  CHECK(KeysOf(discovery) == root);
  CHECK(KeysOf(discovery["dev"]) == dev);
  CHECK(KeysOf(discovery["o"]) == origin);
  CHECK(Text(discovery["dev"], "mf") == "AIMS Power");
  CHECK(Text(discovery["dev"], "mdl") == "PICOGLF12W12V120AL");
  CHECK(Text(discovery["dev"], "cu") == "homeassistant://config/app/a_b/info");
  CHECK(Text(discovery["o"], "sw") == "1.2.3");
  CHECK(Text(discovery, "avty_mode") == "all");
  REQUIRE(discovery["avty"].Size() == 2);

  const std::map<std::string, std::set<std::string>> units{
      {"voltage", {"V"}},  {"frequency", {"Hz"}}, {"temperature", {"°C"}},    {"", {"%", ""}},
      {"enum", {""}},      {"battery", {"%"}},    {"duration", {"h", "min"}}, {"power", {"W"}},
      {"energy", {"kWh"}}, {"timestamp", {""}}};
  const std::set<std::string> binary_classes{"battery", "power", "problem", "running", "connectivity", ""};
  std::set<std::string> ids;
  for (const auto& member : discovery["cmps"].GetObject()) {
    const std::string key = member.name.GetString();
    CAPTURE(key);
    const auto& component = member.value;
    const std::string platform = Text(component, "p");
    CHECK((platform == "sensor" || platform == "binary_sensor" || platform == "event"));
    CHECK(Text(component, "unique_id") == "aims2mqtt_aims_inverter_" + key);
    CHECK(Text(component, "default_entity_id") == platform + ".aims_inverter_" + key);
    const std::string value_template = Text(component, "value_template");
    if (platform == "event")
      CHECK(value_template.empty());
    else if (Text(component, "device_class") == "duration")
      CHECK(value_template.starts_with("{{ None if value_json." + key));
    else
      CHECK(value_template == "{{ value_json." + key + " }}");
    CHECK(component["qos"].GetInt() == 1);
    CHECK(Text(component, "name").find("AIMS") == std::string::npos);
    CHECK(std::regex_match(Text(component, "name"), std::regex("(UPS|AVR|[A-Z][a-z]+)([ -][a-z]+)*")));
    CHECK((Text(component, "entity_category") == "" || Text(component, "entity_category") == "diagnostic"));
    CHECK_FALSE(component.HasMember("object_id"));
    CHECK_FALSE(component.HasMember("expire_after"));
    const std::string device_class = Text(component, "device_class");
    if (platform == "sensor") {
      REQUIRE(units.contains(device_class));
      CHECK(units.at(device_class).contains(Text(component, "unit_of_measurement")));
      const bool is_no_number = device_class == "enum" || device_class == "timestamp";
      const bool is_total = device_class == "energy" || key == "outages";
      CHECK(Text(component, "state_class") == (is_no_number ? "" : is_total ? "total_increasing" : "measurement"));
      CHECK(component.HasMember("options") == (device_class == "enum"));
    } else {
      CHECK(binary_classes.contains(device_class));
      CHECK_FALSE(component.HasMember("unit_of_measurement"));
      CHECK_FALSE(component.HasMember("state_class"));
    }
    ids.insert(Text(component, "unique_id"));
  }
  CHECK(ids.size() == 31);
}

TEST_CASE("what comes from the wire needs the link, and all that follows the bridge alone") {
  const auto discovery = Parsed(DiscoveryDocument(kTopics, kInverter, kOrigin));
  for (const auto& member : discovery["cmps"].GetObject()) {
    CAPTURE(member.name.GetString());
    const std::string key = member.name.GetString();
    const auto entity = std::find_if(kEntities.begin(), kEntities.end(), [&](const Entity& e) { return e.key == key; });
    REQUIRE(entity != kEntities.end());
    CHECK(member.value.HasMember("availability") != NeedsLink(*entity, kInverter));
  }
  const auto& own = discovery["cmps"]["connection"]["availability"];
  REQUIRE(own.IsArray());
  REQUIRE(own.Size() == 1);
  CHECK(Text(own[0], "topic") == "aims2mqtt/bridge");
}

TEST_CASE("what few read is created disabled, and so is what a PICOGLF has not") {
  const auto disabled = [](const Device& device) {
    std::set<std::string> keys;
    const auto discovery = Parsed(DiscoveryDocument(kTopics, device, kOrigin));
    for (const auto& member : discovery["cmps"].GetObject()) {
      if (member.value.HasMember("enabled_by_default")) keys.insert(member.name.GetString());
    }
    return keys;
  };
  const std::set<std::string> unread{"shutdown_flag", "line_interactive", "on_battery_since", "last_outage"};
  std::set<std::string> not_fitted{"temperature", "avr_active"};
  not_fitted.insert(unread.begin(), unread.end());
  CHECK(disabled(kPicoglf) == not_fitted);
  CHECK(disabled({"x", "x", "aims picoglf60w48v"}) == not_fitted);
  CHECK(disabled(kInverter) == unread);
  CHECK(disabled({"x", "x", "PICO"}) == unread);
}

TEST_CASE("a name is carried as it is, quotes and all") {
  const auto discovery = Parsed(DiscoveryDocument(kTopics, {"a", "Keller \"A\" \\ größer", ""}, kOrigin));
  CHECK(Text(discovery["dev"], "name") == "Keller \"A\" \\ größer");
  CHECK_FALSE(discovery["dev"].HasMember("mdl"));
}

TEST_CASE("the event entity lists every type, for Home Assistant drops the others") {
  const auto discovery = Parsed(DiscoveryDocument(kTopics, kInverter, kOrigin));
  const auto& event = discovery["cmps"]["power_event"];
  CHECK(Text(event, "p") == "event");
  CHECK(Text(event, "state_topic") == "aims2mqtt/aims_inverter/event");
  CHECK(event["event_types"].Size() == kEventTypes.size());
  for (const auto& type : event["event_types"].GetArray()) {
    CHECK(std::find(kEventTypes.begin(), kEventTypes.end(), type.GetString()) != kEventTypes.end());
  }
}

TEST_CASE("an event says what, which, when, and whether it is told late") {
  const PowerEvent event{"aims_inverter", EventType::kPowerLost, "ab-1", *ParseTime("2026-11-22T21:04:00.250+00:00")};
  CHECK(EventDocument(event, false) ==
        R"({"event_type":"Power lost","id":"ab-1","time":"2026-11-22T21:04:00.250+00:00","late":false})");
  CHECK(Parsed(EventDocument(event, true))["late"].GetBool());
}

TEST_CASE("the beeper is a switch where control is allowed, with words of its own and a state of ON and OFF") {
  Device device = kInverter;
  CHECK(Text(Parsed(DiscoveryDocument(kTopics, device, kOrigin))["cmps"]["beeper"], "p") == "binary_sensor");
  device.permissions.beeper = true;
  const auto discovery = Parsed(DiscoveryDocument(kTopics, device, kOrigin));
  const auto& beeper = discovery["cmps"]["beeper"];
  CHECK(Text(beeper, "p") == "switch");
  CHECK(Text(beeper, "command_topic") == "aims2mqtt/aims_inverter/command");
  CHECK(Text(beeper, "payload_on") == "beeper_on");
  CHECK(Text(beeper, "payload_off") == "beeper_off");
  CHECK(Text(beeper, "state_on") == "ON");
  CHECK(Text(beeper, "state_off") == "OFF");
  CHECK(Text(beeper, "value_template") == "{{ value_json.beeper }}");
  CHECK(Text(beeper, "entity_category") == "config");
  CHECK(Text(beeper, "default_entity_id") == "switch.aims_inverter_beeper");
}

TEST_CASE("buttons have a word to press, and no state") {
  Device device = kInverter;
  device.permissions = {.megatec = true, .rehearsal = true};
  const auto discovery = Parsed(DiscoveryDocument(kTopics, device, kOrigin));
  int buttons = 0;
  for (const auto& member : discovery["cmps"].GetObject()) {
    if (Text(member.value, "p") != "button") continue;
    CAPTURE(member.name.GetString());
    ++buttons;
    CHECK(CommandOf(Text(member.value, "payload_press")));
    CHECK(Text(member.value, "command_topic") == "aims2mqtt/aims_inverter/command");
    CHECK(Text(member.value, "entity_category") == "config");
    CHECK_FALSE(member.value.HasMember("value_template"));
    CHECK_FALSE(member.value.HasMember("state_class"));
  }
  CHECK(buttons == 6);
  const auto state = Parsed(StateDocument({}));
  CHECK_FALSE(state.HasMember("rehearse"));
  CHECK(state.HasMember("beeper"));
}

// Home Assistant keeps an entity whose platform changed, unless it is told the old platform alone.
TEST_CASE("what is no longer allowed is taken back by its platform alone") {
  Device device = kInverter;
  const Device nothing = kInverter;
  CHECK(RemovalDocument(kTopics, device, nothing, kOrigin).empty());
  device.permissions.beeper = true;
  const auto to_switch = Parsed(RemovalDocument(kTopics, device, nothing, kOrigin));
  CHECK(KeysOf(to_switch["cmps"]) == std::set<std::string>{"beeper"});
  CHECK(KeysOf(to_switch["cmps"]["beeper"]) == std::set<std::string>{"p"});
  CHECK(Text(to_switch["cmps"]["beeper"], "p") == "binary_sensor");
  CHECK(KeysOf(to_switch) == std::set<std::string>{"dev", "o", "cmps", "avty", "avty_mode", "stat_t"});
  device.permissions = {};
  Device all = kInverter;
  all.permissions = {true, true, true};
  const auto back = Parsed(RemovalDocument(kTopics, device, all, kOrigin));
  CHECK(back["cmps"].MemberCount() == 7);
  CHECK(Text(back["cmps"]["beeper"], "p") == "switch");
  CHECK(Text(back["cmps"]["rehearse"], "p") == "button");
  Device turns = kInverter;
  turns.permissions.beeper = true;
  CHECK(RemovalDocument(kTopics, all, turns, kOrigin).empty());  // what is only new needs nothing but to be told
}

TEST_CASE("what the options no longer describe is taken back") {
  Device bare = kInverter;
  bare.described = {};
  const auto removal = Parsed(RemovalDocument(kTopics, bare, kInverter, kOrigin));
  CHECK(KeysOf(removal["cmps"]) == std::set<std::string>{"battery_charge", "battery_runtime", "battery_health",
                                                         "load_power", "energy_on_battery", "energy_total"});
  CHECK(Parsed(DiscoveryDocument(kTopics, bare, kOrigin))["cmps"].MemberCount() == 25);
}

TEST_CASE("a rehearsal has no statistics, and nothing that outlives the play") {
  const auto discovery = Parsed(DiscoveryDocument(kTopics, RehearsalOf(kInverter), kOrigin));
  for (const auto& member : discovery["cmps"].GetObject()) {
    CAPTURE(member.name.GetString());
    CHECK_FALSE(member.value.HasMember("state_class"));
    CHECK_FALSE(member.value.HasMember("availability"));
  }
}

TEST_CASE("the clients of the NUT server are told where there is one, with who they are") {
  Snapshot snapshot;
  CHECK_FALSE(Parsed(StateDocument(snapshot)).HasMember("nut_clients"));
  snapshot.nut_clients.emplace();
  CHECK(Parsed(StateDocument(snapshot))["nut_clients"].GetInt() == 0);
  snapshot.nut_clients->push_back({"pve", "192.168.1.20", *ParseTime("2026-11-22T21:04:00.250+00:00")});
  const std::string state = StateDocument(snapshot);
  CHECK(state.find(R"("nut_clients":1,)") != std::string::npos);
  CHECK(state.find(R"("nut_client_list":{"clients":[{"name":"pve","address":"192.168.1.20",)"
                   R"("since":"2026-11-22T21:04:00.250+00:00"}]})") != std::string::npos);

  Device served = kInverter;
  served.has_nut = true;
  const auto discovery = Parsed(DiscoveryDocument(kTopics, served, kOrigin));
  const auto& entity = discovery["cmps"]["nut_clients"];
  CHECK(Text(entity, "p") == "sensor");
  CHECK(Text(entity, "entity_category") == "diagnostic");
  CHECK(Text(entity, "json_attributes_template") == "{{ (value_json.nut_client_list or {}) | tojson }}");
  REQUIRE(entity["availability"].Size() == 1);  // the bridge alone
  CHECK(Text(entity["availability"][0], "topic") == kTopics.Bridge());
  const auto removal = Parsed(RemovalDocument(kTopics, kInverter, served, kOrigin));
  CHECK(KeysOf(removal["cmps"]) == std::set<std::string>{"nut_clients"});
}

TEST_CASE("durations are told in units that Home Assistant writes out") {
  const auto discovery = Parsed(DiscoveryDocument(kTopics, kInverter, kOrigin));
  const auto& components = discovery["cmps"];
  CHECK(Text(components["battery_runtime"], "value_template") ==
        "{{ None if value_json.battery_runtime is none else ((value_json.battery_runtime // 60 * 60 + 19) / 3600) | "
        "round(4) }}");
  CHECK(Text(components["last_outage_duration"], "value_template") ==
        "{{ None if value_json.last_outage_duration is none else ((value_json.last_outage_duration + 0.31) / 60) | "
        "round(4) }}");
  CHECK_FALSE(components["battery_runtime"].HasMember("suggested_display_precision"));
}

TEST_CASE("an event of a failure that nobody saw has its voltage") {
  PowerEvent event{"aims_inverter", EventType::kPowerLost, "ab-1", *ParseTime("2026-11-22T21:04:00.250+00:00")};
  event.fault_voltage = 81.5;
  CHECK(Parsed(EventDocument(event, false))["fault_voltage"].GetDouble() == 81.5);
}
