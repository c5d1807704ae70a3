#include "mqtt/event_queue.h"

#include <algorithm>

#include "base/json.h"
#include "homeassistant/documents.h"

namespace aims {
namespace {

constexpr int kOutboxVersion = 1;
constexpr size_t kLongestId = 64;

std::optional<EventType> TypeOf(std::string_view name) {
  const auto found = std::find(kEventTypes.begin(), kEventTypes.end(), name);
  if (found == kEventTypes.end()) return {};
  return static_cast<EventType>(found - kEventTypes.begin());
}

std::optional<PowerEvent> EventOf(const rapidjson::Value& value) {
  const auto inverter = TextMember(value, "inverter");
  const auto name = TextMember(value, "event_type");
  const auto id = TextMember(value, "id");
  const auto text = TextMember(value, "time");
  const auto* voltage = Member(value, "fault_voltage");
  if (voltage && !voltage->IsNumber()) return {};
  const auto type = name ? TypeOf(*name) : std::nullopt;
  const auto time = text ? ParseTime(*text) : std::nullopt;
  if (!inverter || !type || !id || !time || !IsTopicLevel(*inverter) || id->size() > kLongestId) return {};
  PowerEvent event{*inverter, *type, *id, *time};
  if (voltage) event.fault_voltage = voltage->GetDouble();
  return event;
}

}  // namespace

bool Outbox::Add(PowerEvent event) {
  const bool is_full = events_.size() >= kMost;
  if (is_full) events_.pop_front();
  events_.push_back(std::move(event));
  return !is_full;
}

void Outbox::PutBack(const std::vector<PowerEvent>& events) {
  events_.insert(events_.begin(), events.begin(), events.end());
  while (events_.size() > kMost) events_.pop_front();
}

size_t Outbox::KeepOnly(const std::function<bool(const PowerEvent&)>& is_kept) {
  return std::erase_if(events_, [&](const PowerEvent& event) { return !is_kept(event); });
}

void Outbox::Told(std::string_view id) {
  std::erase_if(events_, [&](const PowerEvent& event) { return event.id == id; });
}

std::string Outbox::ToJson() const {
  JsonWriter json;
  json.Object([&] {
    json.Key("version").Number(kOutboxVersion, 0);
    json.Key("events").Array([&] {
      for (const PowerEvent& event : events_) {
        json.Object([&] {
          json.Key("inverter").Text(event.inverter);
          json.Key("event_type").Text(Name(event.type));
          json.Key("id").Text(event.id);
          json.Key("time").Text(FormatTime(event.time));
          if (event.fault_voltage) json.Key("fault_voltage").Number(*event.fault_voltage, 1);
        });
      }
    });
  });
  return json.TakeText();
}

Result<Outbox> Outbox::FromJson(std::string_view json) {
  const auto bad = [] { return Failure(ErrorCode::kBadReply, "it is not a list of events"); };
  const auto document = ParseVersioned(json, kOutboxVersion);
  const auto* list = document ? ArrayMember(*document, "events") : nullptr;
  if (!list || list->Size() > kMost) return bad();
  Outbox outbox;
  for (const auto& value : list->GetArray()) {
    const auto event = EventOf(value);
    if (!event) return bad();
    outbox.events_.push_back(*event);
  }
  return outbox;
}

}  // namespace aims
