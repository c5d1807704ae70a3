#include "homeassistant/announced.h"

#include <algorithm>
#include <iterator>

#include "base/json.h"

namespace aims {
namespace {

constexpr int kAnnouncedVersion = 1;

auto Find(auto& list, const AnnouncedDevice& one) {
  return std::find_if(list.begin(), list.end(), [&](const AnnouncedDevice& other) {
    return other.topics.base == one.topics.base && other.topics.discovery_prefix == one.topics.discovery_prefix &&
           other.id == one.id;
  });
}

bool Holds(const std::vector<AnnouncedDevice>& list, const AnnouncedDevice& one) {
  return Find(list, one) != list.end();
}

bool ReadDevice(const rapidjson::Value& value, AnnouncedDevice& one) {
  Members members(value);
  members.Read("base_topic", one.topics.base);
  members.Read("discovery_prefix", one.topics.discovery_prefix);
  members.Read("id", one.id);
  if (members.Find("first")) members.Read("first", one.topics.first);
  // The first files knew nothing of these: nothing was allowed, and every entity was announced.
  one.described = {true, true};
  const auto read = [&](const char* key, bool& into) {
    if (members.Find(key)) members.Read(key, into);
  };
  read("beeper", one.permissions.beeper);
  read("megatec", one.permissions.megatec);
  read("rehearsal", one.permissions.rehearsal);
  read("power", one.described.power);
  read("battery", one.described.battery);
  read("nut", one.has_nut);
  return members.is_good() && IsTopicLevel(one.topics.base) && IsTopicLevel(one.topics.discovery_prefix) &&
         (one.topics.first.empty() || IsTopicLevel(one.topics.first)) && IsTopicLevel(one.id);
}

}  // namespace

std::vector<AnnouncedDevice> AnnouncedDevices::Without(const std::vector<AnnouncedDevice>& now) const {
  std::vector<AnnouncedDevice> gone;
  std::copy_if(all_.begin(), all_.end(), std::back_inserter(gone), [&](const auto& one) { return !Holds(now, one); });
  return gone;
}

std::set<std::string> AnnouncedDevices::BridgesBefore(const std::vector<AnnouncedDevice>& now) const {
  std::set<std::string> before, still;
  for (const AnnouncedDevice& one : now) still.insert(one.topics.Bridge());
  for (const AnnouncedDevice& one : all_) {
    if (Holds(now, one) && !still.contains(one.topics.Bridge())) before.insert(one.topics.Bridge());
  }
  return before;
}

AnnouncedDevice AnnouncedDevices::Before(const AnnouncedDevice& one) const {
  const auto found = Find(all_, one);
  return found == all_.end() ? one : *found;
}

void AnnouncedDevices::Replace(const std::vector<AnnouncedDevice>& changed) {
  for (const AnnouncedDevice& one : changed) {
    const auto found = Find(all_, one);
    if (found != all_.end()) *found = one;
  }
}

void AnnouncedDevices::Add(const std::vector<AnnouncedDevice>& more) {
  for (const AnnouncedDevice& one : more) {
    if (!Holds(all_, one) && all_.size() < kMost) all_.push_back(one);
  }
}

void AnnouncedDevices::Remove(const std::vector<AnnouncedDevice>& gone) {
  std::erase_if(all_, [&](const AnnouncedDevice& one) { return Holds(gone, one); });
}

std::string AnnouncedDevices::ToJson() const {
  JsonWriter json;
  json.Object([&] {
    json.Key("version").Number(kAnnouncedVersion, 0);
    json.Key("announced").Array([&] {
      for (const AnnouncedDevice& one : all_) {
        json.Object([&] {
          json.Key("base_topic").Text(one.topics.base);
          json.Key("discovery_prefix").Text(one.topics.discovery_prefix);
          json.TextMember("first", one.topics.first);
          json.Key("id").Text(one.id);
          json.Key("beeper").Bool(one.permissions.beeper);
          json.Key("megatec").Bool(one.permissions.megatec);
          json.Key("rehearsal").Bool(one.permissions.rehearsal);
          json.Key("power").Bool(one.described.power);
          json.Key("battery").Bool(one.described.battery);
          json.Key("nut").Bool(one.has_nut);
        });
      }
    });
  });
  return json.TakeText();
}

Result<AnnouncedDevices> AnnouncedDevices::FromJson(std::string_view json) {
  const auto bad = [] { return Failure(ErrorCode::kBadReply, "it is not a list of what was announced"); };
  const auto document = ParseVersioned(json, kAnnouncedVersion);
  if (!document) return bad();
  const auto* list = Members(*document).List("announced", kMost);
  if (!list) return bad();
  AnnouncedDevices devices;
  for (const auto& value : list->GetArray()) {
    if (!ReadDevice(value, devices.all_.emplace_back())) return bad();
  }
  return devices;
}

}  // namespace aims
