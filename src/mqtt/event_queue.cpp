#include "mqtt/event_queue.h"

#include <algorithm>

#include "base/json.h"
#include "homeassistant/topics.h"

namespace aims {
namespace {

constexpr int kEventQueueVersion = 1;
constexpr size_t kLongestId = 160;
constexpr double kMostVoltage = 1e6;

bool ReadEvent(const rapidjson::Value& value, PowerEvent& event) {
  Members members(value);
  members.Read("inverter", event.inverter);
  members.ReadName("event_type", kEventTypes, event.type);
  members.Read("id", event.id);
  members.Read("time", event.time);
  if (members.Find("fault_voltage")) members.Read("fault_voltage", event.fault_voltage.emplace(), 0, kMostVoltage);
  return members.is_good() && IsTopicLevel(event.inverter) && event.id.size() <= kLongestId;
}

}  // namespace

bool EventQueue::Add(PowerEvent event) {
  const bool is_full = events_.size() >= kMost;
  if (is_full) events_.pop_front();
  events_.push_back(std::move(event));
  return !is_full;
}

void EventQueue::PutBack(const std::vector<PowerEvent>& events) {
  events_.insert(events_.begin(), events.begin(), events.end());
  while (events_.size() > kMost) events_.pop_front();
}

size_t EventQueue::KeepOnly(const std::function<bool(const PowerEvent&)>& is_kept) {
  return std::erase_if(events_, [&](const PowerEvent& event) { return !is_kept(event); });
}

void EventQueue::Told(std::string_view id) {
  std::erase_if(events_, [&](const PowerEvent& event) { return event.id == id; });
}

std::string EventQueue::ToJson() const {
  JsonWriter json;
  json.Object([&] {
    json.Key("version").Number(kEventQueueVersion, 0);
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

Result<EventQueue> EventQueue::FromJson(std::string_view json) {
  const auto bad = [] { return Failure(ErrorCode::kBadReply, "it is not a list of events"); };
  const auto document = ParseVersioned(json, kEventQueueVersion);
  if (!document) return bad();
  const auto* list = Members(*document).List("events", kMost);
  if (!list) return bad();
  EventQueue queue;
  for (const auto& value : list->GetArray()) {
    if (!ReadEvent(value, queue.events_.emplace_back())) return bad();
  }
  return queue;
}

}  // namespace aims
