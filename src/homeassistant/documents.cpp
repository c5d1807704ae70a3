#include "homeassistant/documents.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>

#include "base/json.h"
#include "homeassistant/entities.h"
#include "inverter/saved_state.h"

namespace aims {
namespace {

using std::string_view;

bool IsPicoglf(string_view model) {
  constexpr string_view kSeries = "PICOGLF";
  const auto same = [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; };
  return std::search(model.begin(), model.end(), kSeries.begin(), kSeries.end(), same) != model.end();
}

std::string Joined(std::initializer_list<string_view> parts) {
  std::string text;
  for (const string_view part : parts) text += part;
  return text;
}

// What Home Assistant makes of the value. Its frontend shows hours as "6h 1m" and minutes as "0m 14s", but a number of
// seconds as it is. It rounds to two decimals, and then cuts off the rest: so a third of the smallest part is added.
std::string ValueTemplate(const Entity& entity) {
  const std::string value = Joined({"value_json.", entity.key});
  if (entity.device_class != "duration") return Joined({"{{ ", value, " }}"});
  const std::string_view known =
      entity.unit == "h" ? " // 60 * 60 + 19) / 3600) | round(4)" : " + 0.31) / 60) | round(4)";
  return Joined({"{{ None if ", value, " is none else ((", value, known, " }}"});
}

// One component. What needs the link as well has its availability from the root.
void WriteComponent(JsonWriter& json, const Entity& entity, const Topics& topics, const Device& device) {
  const string_view platform = Platform(entity, device);
  const Switch* can_turn = platform == "switch" ? std::get_if<Switch>(&entity.source) : nullptr;
  const Button* button = std::get_if<Button>(&entity.source);
  json.TextMember("p", platform);
  json.TextMember("name", entity.name);
  json.TextMember("unique_id", Joined({topics.base, "_", device.id, "_", entity.key}));
  json.TextMember("default_entity_id", Joined({platform, ".", device.id, "_", entity.key}));
  if (can_turn || button) json.TextMember("command_topic", topics.Command(device));
  if (can_turn) {
    json.TextMember("payload_on", Name(can_turn->on));
    json.TextMember("payload_off", Name(can_turn->off));
    json.TextMember("state_on", "ON");
    json.TextMember("state_off", "OFF");
  }
  if (button) json.TextMember("payload_press", Name(button->command));
  if (IsOneOf<EventSource>(entity.source)) {
    json.TextMember("state_topic", topics.Event(device));
    json.Key("event_types").Array([&] {
      for (const string_view type : kEventTypes) json.Text(type);
    });
  }
  if (HasState(entity)) {
    json.TextMember("value_template", ValueTemplate(entity));
  }
  json.TextMember("device_class", entity.device_class);
  json.TextMember("unit_of_measurement", entity.unit);
  json.TextMember("icon", entity.icon);
  if (IsOneOf<Number, MaybeNumber, OwnNumber, OwnTotal, OwnClients>(entity.source)) {
    if (!device.is_rehearsal) {  // which would be in the statistics for ever
      json.TextMember("state_class", IsOneOf<OwnTotal>(entity.source) ? "total_increasing" : "measurement");
    }
    if (entity.device_class != "duration") json.Key("suggested_display_precision").Number(entity.decimals, 0);
  }
  if (IsOneOf<OwnStatus>(entity.source)) {
    json.Key("options").Array([&] {
      for (const string_view status : kStatuses) json.Text(status);
    });
  }
  if (!entity.attributes.empty()) {
    json.TextMember("json_attributes_topic", topics.State(device));
    json.TextMember("json_attributes_template", Joined({"{{ (", entity.attributes, ") | tojson }}"}));
  }
  const bool is_config = entity.category == Category::kConfig || can_turn;
  const bool is_diagnostic = entity.category == Category::kDiagnostic && !can_turn;
  if (is_config) json.TextMember("entity_category", "config");
  if (is_diagnostic) json.TextMember("entity_category", "diagnostic");
  const bool is_disabled =
      entity.enabled == Enabled::kNo || (entity.enabled == Enabled::kNotOnPicoglf && IsPicoglf(device.model));
  if (is_disabled) json.Key("enabled_by_default").Bool(false);
  if (!NeedsLink(entity, device)) {
    json.Key("availability").Array([&] { json.Object([&] { json.TextMember("topic", topics.Bridge()); }); });
  }
  json.Key("qos").Number(1, 0);
}

// {"reasons": [{"reason": "charge", "value": 29.0, "limit": 30.0}]}: the attributes of "Shutdown advised".
void WriteReasons(JsonWriter& json, const std::vector<ShutdownAdvisor::Reason>& reasons) {
  json.Object([&] {
    json.Key("reasons").Array([&] {
      for (const auto& reason : reasons) {
        json.Object([&] {
          json.Key("reason").Text(ShutdownAdvisor::kWhys[static_cast<size_t>(reason.why)]);
          json.Key("value").Number(std::round(reason.value * 10) / 10, 1);
          if (reason.limit > 0) json.Key("limit").Number(std::round(reason.limit * 10) / 10, 1);
        });
      }
    });
  });
}

// {"least": 3600, "most": 5400}: the attributes of Battery charge, in %, and of Battery runtime, in s.
void WriteSpread(JsonWriter& json, const std::optional<Spread>& spread) {
  if (!spread) return json.Null();
  json.Object([&] {
    json.Key("least").Number(spread->least, 0);
    json.Key("most").Number(spread->most, 0);
  });
}

// {"cause": "no mains", "mains_present": false, "may_switch_off": false}: attributes of Status in an outage.
void WriteRunning(JsonWriter& json, const Snapshot& snapshot) {
  if (!snapshot.outage_cause) return json.Null();
  json.Object([&] {
    json.Key("cause").Text(Name(*snapshot.outage_cause));
    json.Key("mains_present").Bool(snapshot.is_mains_present);
    json.Key("may_switch_off").Bool(snapshot.may_switch_off);
  });
}

// {"clients": [{"name": "pve", "address": "192.168.1.20", "since": …}]}: the attributes of NUT clients.
void WriteClients(JsonWriter& json, const std::vector<NutClient>& clients) {
  json.Object([&] {
    json.Key("clients").Array([&] {
      for (const NutClient& client : clients) {
        json.Object([&] {
          json.Key("name").Text(client.name);
          json.Key("address").Text(client.address);
          json.Key("since").Text(FormatTime(client.since));
        });
      }
    });
  });
}

// What stands before the components.
void WriteDevice(JsonWriter& json, const Topics& topics, const Device& device, const Origin& origin) {
  json.Key("dev").Object([&] {
    json.Key("ids").Array([&] { json.Text(Joined({topics.base, "_", device.id})); });
    json.TextMember("name", device.name);
    json.TextMember("mf", "AIMS Power");
    json.TextMember("mdl", device.model);
    json.TextMember("cu", origin.configuration_url);
  });
  json.Key("o").Object([&] {
    json.TextMember("name", "AIMS Power Inverter MQTT");
    json.TextMember("sw", origin.version);
    json.TextMember("url", kRepository);
  });
  json.Key("avty").Array([&] {
    json.Object([&] { json.TextMember("topic", topics.Bridge()); });
    json.Object([&] { json.TextMember("topic", topics.Link(device)); });
  });
  json.TextMember("avty_mode", "all");
  json.TextMember("stat_t", topics.State(device));
}

}  // namespace

std::string DiscoveryDocument(const Topics& topics, const Device& device, const Origin& origin) {
  JsonWriter json;
  json.Object([&] {
    WriteDevice(json, topics, device, origin);
    json.Key("cmps").Object([&] {
      for (const Entity& entity : kEntities) {
        if (Platform(entity, device).empty()) continue;
        json.Key(entity.key).Object([&] { WriteComponent(json, entity, topics, device); });
      }
    });
  });
  return json.TakeText();
}

std::string RemovalDocument(const Topics& topics, const Device& device, const Device& before, const Origin& origin) {
  bool is_anything = false;
  JsonWriter json;
  json.Object([&] {
    WriteDevice(json, topics, device, origin);
    json.Key("cmps").Object([&] {
      for (const Entity& entity : kEntities) {
        const string_view platform = Platform(entity, before);
        if (platform.empty() || platform == Platform(entity, device)) continue;
        json.Key(entity.key).Object([&] { json.TextMember("p", platform); });
        is_anything = true;
      }
    });
  });
  return is_anything ? json.TakeText() : "";
}

std::string StateDocument(const Snapshot& snapshot, std::string reuse) {
  JsonWriter json(std::move(reuse));
  json.Object([&] {
    for (const Entity& entity : kEntities) {
      if (!HasState(entity) || (entity.needs == Needs::kNut && !snapshot.nut_clients)) continue;
      json.Key(entity.key);
      const Value value = ValueOf(entity, snapshot);
      if (const bool* flag = std::get_if<bool>(&value)) {
        json.Text(*flag ? "ON" : "OFF");
      } else if (const double* number = std::get_if<double>(&value)) {
        json.Number(*number, entity.decimals);
      } else if (const WallTime* time = std::get_if<WallTime>(&value)) {
        json.Text(FormatTime(*time));
      } else if (const Status* status = std::get_if<Status>(&value)) {
        json.Text(Name(*status));
      } else {
        json.Null();
      }
    }
    WriteSpread(json.Key("battery_charge_range"), snapshot.battery_charge_range);
    WriteSpread(json.Key("battery_runtime_range"), snapshot.battery_runtime_range);
    json.Key("shutdown_reasons");
    WriteReasons(json, snapshot.shutdown_reasons);
    WriteRunning(json.Key("running_outage"), snapshot);
    if (snapshot.nut_clients) WriteClients(json.Key("nut_client_list"), *snapshot.nut_clients);
    json.Key("last_outage_record");
    if (snapshot.last_outage_record) {
      WriteOutage(json, *snapshot.last_outage_record);
    } else {
      json.Null();
    }
  });
  return json.TakeText();
}

std::string EventDocument(const PowerEvent& event, bool is_late) {
  JsonWriter json;
  json.Object([&] {
    json.Key("event_type").Text(Name(event.type));
    json.Key("id").Text(event.id);
    json.Key("time").Text(FormatTime(event.time));
    json.Key("late").Bool(is_late);
    if (event.cause) json.Key("cause").Text(Name(*event.cause));
    if (event.fault_voltage) json.Key("fault_voltage").Number(*event.fault_voltage, 1);
  });
  return json.TakeText();
}

}  // namespace aims
