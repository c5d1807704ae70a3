// What is told over MQTT, as text: the topics, the discovery document from which Home Assistant makes a device, the
// state document that its entities read, and events. The first two are written from the one table in entities.h.
//
// Home Assistant refuses a whole device for one unknown key at the root, in `dev` or in `o`; its rules are those of
// https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload (device discovery, since Core 2024.11).

#pragma once

#include <string>
#include <string_view>

#include "homeassistant/topics.h"
#include "inverter/device.h"
#include "inverter/power_events.h"
#include "inverter/snapshot.h"

namespace aims {

inline constexpr std::string_view kRepository = "https://github.com/aims2mqtt/aims-power-inverter-mqtt";

// The program that tells.
struct Origin {
  std::string version;
  std::string configuration_url{};  // where the device page's Visit leads; empty: nowhere
};

// The device with its entities. Temperature and AVR, which a PICOGLF has not, are created disabled for that model.
std::string DiscoveryDocument(const Topics& topics, const Device& device, const Origin& origin);

// Takes back the entities that the device had when it was announced as `before`, and that are none now, or of another
// kind: Home Assistant forgets a component only if it is told its platform alone, before what comes in its place.
// Empty: there are none.
std::string RemovalDocument(const Topics& topics, const Device& device, const Device& before, const Origin& origin);

// {"battery_low": "OFF", "battery_voltage": 13.5, …}: every key always, null where unknown; but those of the NUT server
// only where there is one. `reuse`: the document before, in whose memory this one is written.
std::string StateDocument(const Snapshot& snapshot, std::string reuse = {});

// {"event_type": "Power lost", "id": …, "time": …, "late": false}. Late: told so long after it happened that an
// automation should not act as if it were now. Of an outage also its "cause", of a failure between two polls
// "fault_voltage".
std::string EventDocument(const PowerEvent& event, bool is_late);

}  // namespace aims
