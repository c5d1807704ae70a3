#include "mqtt/event_queue.h"

#include <algorithm>
#include <utility>

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
  if (members.Find("cause")) members.ReadName("cause", kCauses, event.cause.emplace());
  return members.is_good() && IsTopicLevel(event.inverter) && event.id.size() <= kLongestId;
}

void WriteEvents(JsonWriter& json, const std::deque<PowerEvent>& events) {
  json.Array([&] {
    for (const PowerEvent& event : events) {
      json.Object([&] {
        json.Key("inverter").Text(event.inverter);
        json.Key("event_type").Text(Name(event.type));
        json.Key("id").Text(event.id);
        json.Key("time").Text(FormatTime(event.time));
        if (event.cause) json.Key("cause").Text(Name(*event.cause));
        if (event.fault_voltage) json.Key("fault_voltage").Number(*event.fault_voltage, 1);
      });
    }
  });
}

bool ReadEvents(const rapidjson::Value* list, std::deque<PowerEvent>& events) {
  return list && std::all_of(list->Begin(), list->End(),
                             [&](const auto& value) { return ReadEvent(value, events.emplace_back()); });
}

}  // namespace

bool EventQueue::Add(PowerEvent event) {
  const auto is_same = [&](const PowerEvent& other) { return other.id == event.id; };
  if (std::any_of(events_.begin(), events_.end(), is_same)) return true;
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
  const auto is_gone = [&](const PowerEvent& event) { return !is_kept(event); };
  return std::erase_if(events_, is_gone) + std::erase_if(perhaps_, is_gone);
}

const PowerEvent* EventQueue::Oldest(const std::function<bool(const PowerEvent&)>& may_go) const {
  const auto found = std::find_if(events_.begin(), events_.end(), may_go);
  return found == events_.end() ? nullptr : &*found;
}

void EventQueue::OnClockSet(std::string_view inverter, std::chrono::milliseconds jump) {
  for (auto* events : {&events_, &perhaps_}) {
    for (PowerEvent& event : *events) {
      if (event.moment && event.inverter == inverter) event.time += jump;
    }
  }
}

void EventQueue::Told(std::string_view id) {
  std::erase_if(events_, [&](const PowerEvent& event) { return event.id == id; });
}

void EventQueue::ToldPerhaps(std::string_view id) {
  const auto found =
      std::find_if(events_.begin(), events_.end(), [&](const PowerEvent& event) { return event.id == id; });
  if (found == events_.end()) return;
  if (perhaps_.size() >= kMost) perhaps_.pop_front();
  perhaps_.push_back(std::move(*found));
  events_.erase(found);
}

void EventQueue::TellAgain() {
  const auto again = std::exchange(perhaps_, {});
  PutBack({again.begin(), again.end()});
}

std::string EventQueue::ToJson() const {
  JsonWriter json;
  json.Object([&] {
    json.Key("version").Number(kEventQueueVersion, 0);
    WriteEvents(json.Key("events"), events_);
    if (!perhaps_.empty()) WriteEvents(json.Key("told_perhaps"), perhaps_);
  });
  return json.TakeText();
}

Result<EventQueue> EventQueue::FromJson(std::string_view json) {
  const auto bad = [] { return Failure(ErrorCode::kBadReply, "it is not a list of events"); };
  const auto document = ParseVersioned(json, kEventQueueVersion);
  if (!document) return bad();
  Members members(*document);
  EventQueue queue;
  if (!ReadEvents(members.List("events", kMost), queue.events_)) return bad();
  if (members.Find("told_perhaps") && !ReadEvents(members.List("told_perhaps", kMost), queue.perhaps_)) return bad();
  return queue;
}

}  // namespace aims
