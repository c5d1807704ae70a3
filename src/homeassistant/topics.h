// Where everything is told: the topics of this program.
// Pure.

#pragma once

#include <string>
#include <string_view>

#include "inverter/device.h"

namespace aims {

inline constexpr std::string_view kOnlinePayload = "online";
inline constexpr std::string_view kOfflinePayload = "offline";

struct Topics {
  std::string base = "aims2mqtt";                  // one level
  std::string discovery_prefix = "homeassistant";  // one level
  std::string first;  // the id of the first inverter: two programs on one broker must not speak for each other

  std::string Bridge() const;                         // "online", or the will: "offline"
  std::string Link(const Device& device) const;       // the same, of one inverter
  std::string State(const Device& device) const;      // StateDocument
  std::string Event(const Device& device) const;      // EventDocument
  std::string Command(const Device& device) const;    // one of kCommands, from others
  std::string Discovery(const Device& device) const;  // DiscoveryDocument

  bool operator==(const Topics&) const = default;
};

// True for what can be one level of a topic of ours: letters, digits, _ and -.
bool IsTopicLevel(std::string_view text);

}  // namespace aims
