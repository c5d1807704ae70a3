// Announces the inverters to Home Assistant, and takes back what the options no longer hold: the entities that the
// owner no longer allows, and whole inverters (orphans). What was announced is in a file before it is announced, and
// leaves it when the broker has acknowledged its end, so that no crash leaves an orphan behind for ever.

#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "homeassistant/announced.h"
#include "homeassistant/documents.h"
#include "homeassistant/topics.h"
#include "inverter/device.h"
#include "mqtt/channel.h"

namespace aims {

class Announcer {
 public:
  // `devices`: what the options hold; `announced`: what was announced in earlier runs. `on_changed` hears that
  // announced() has changed.
  Announcer(const Channel& channel, Topics topics, std::vector<Device> devices, AnnouncedDevices announced,
            Origin origin, std::function<void()> on_changed);

  // The discovery document of every device; first the removal of what it no longer has.
  void Announce();

  void OnAcknowledged(int token);
  void OnDisconnected();

  // To be saved before anything is announced, and whenever it has changed.
  const AnnouncedDevices& announced() const { return announced_; }

 private:
  void Introduce(const Device& device, const AnnouncedDevice& as);
  void TakeBackOrphans();
  void TakeBackOldBridges();

  const Channel& channel_;
  Topics topics_;
  std::vector<Device> devices_;
  AnnouncedDevices announced_;
  Origin origin_;
  std::vector<AnnouncedDevice> now_;      // what the options hold, one for each of devices_
  std::vector<AnnouncedDevice> orphans_;  // being taken back
  std::function<void()> on_changed_;
  std::optional<int> orphans_token_;  // once this is acknowledged, they are gone
  std::optional<int> changes_token_;  // once this is, the broker holds what is allowed now, and the bridge topic
};

}  // namespace aims
