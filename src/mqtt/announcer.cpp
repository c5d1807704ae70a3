#include "mqtt/announcer.h"

#include <set>
#include <utility>

#include "homeassistant/documents.h"
#include "io/log.h"

namespace aims {
namespace {

constexpr size_t kMostOrphansAtOnce = 8;

}  // namespace

Announcer::Announcer(const Channel& channel, Topics topics, std::vector<Device> devices, AnnouncedDevices announced,
                     Origin origin, std::function<void()> on_changed)
    : channel_(channel),
      topics_(std::move(topics)),
      devices_(std::move(devices)),
      announced_(std::move(announced)),
      origin_(std::move(origin)),
      on_changed_(std::move(on_changed)) {
  for (const Device& device : devices_) {
    now_.push_back({topics_, device.id, device.permissions, device.described, device.has_nut});
  }
  announced_.Add(now_);
}

void Announcer::Announce() {
  TakeBackOrphans();
  for (size_t i = 0; i < devices_.size(); ++i) Introduce(devices_[i], now_[i]);
  TakeBackOldBridges();
}

void Announcer::Introduce(const Device& device, const AnnouncedDevice& as) {
  const std::string topic = topics_.Discovery(device);
  const AnnouncedDevice announced = announced_.Before(as);
  Device before = device;
  before.permissions = announced.permissions;
  before.described = announced.described;
  before.has_nut = announced.has_nut;
  const std::string removal = RemovalDocument(topics_, device, before, origin_);
  if (!removal.empty()) channel_.publish(topic, removal, Retain::kYes);
  const auto token = channel_.publish(topic, DiscoveryDocument(topics_, device, origin_), Retain::kYes);
  if (announced != as) changes_token_ = token;
}

// When each device has its new one.
void Announcer::TakeBackOldBridges() {
  for (const std::string& topic : announced_.BridgesBefore(now_)) {
    changes_token_ = channel_.publish(topic, "", Retain::kYes);
  }
}

// Clears the topics of inverters that the options no longer hold, some at a time, but for those that are in use still.
// They are forgotten when the broker has said that it heard the last of it.
void Announcer::TakeBackOrphans() {
  std::set<std::string> in_use{topics_.Bridge()};
  for (const Device& device : devices_) {
    in_use.insert({topics_.Discovery(device), topics_.State(device), topics_.Link(device)});
  }
  orphans_ = announced_.Without(now_);
  if (orphans_.size() > kMostOrphansAtOnce) orphans_.resize(kMostOrphansAtOnce);
  orphans_token_.reset();
  for (const AnnouncedDevice& orphan : orphans_) {
    const Device device{orphan.id, "", ""};
    for (const std::string& topic : {orphan.topics.Discovery(device), orphan.topics.State(device),
                                     orphan.topics.Link(device), orphan.topics.Bridge()}) {
      if (!in_use.contains(topic)) orphans_token_ = channel_.publish(topic, "", Retain::kYes);
    }
  }
}

void Announcer::OnAcknowledged(int token) {
  if (changes_token_ == token) {
    announced_.Replace(now_);
    on_changed_();
  }
  if (orphans_token_ != token) return;
  for (const AnnouncedDevice& orphan : orphans_) {
    log::Info("{} was taken back from Home Assistant, because it is no longer in the options", orphan.id);
  }
  announced_.Remove(orphans_);
  on_changed_();
  TakeBackOrphans();
}

void Announcer::OnDisconnected() {
  orphans_token_.reset();
  changes_token_.reset();
}

}  // namespace aims
