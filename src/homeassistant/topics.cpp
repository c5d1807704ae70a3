#include "homeassistant/topics.h"

#include <algorithm>
#include <cctype>

namespace aims {

std::string Topics::Bridge() const { return base + (first.empty() ? "" : "/" + first) + "/bridge"; }
std::string Topics::Link(const Device& device) const { return base + "/" + device.id + "/link"; }
std::string Topics::State(const Device& device) const { return base + "/" + device.id + "/state"; }
std::string Topics::Event(const Device& device) const { return base + "/" + device.id + "/event"; }
std::string Topics::Command(const Device& device) const { return base + "/" + device.id + "/command"; }
std::string Topics::Discovery(const Device& device) const {
  return discovery_prefix + "/device/" + base + "_" + device.id + "/config";
}

bool IsTopicLevel(std::string_view text) {
  const auto is_allowed = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_allowed);
}

}  // namespace aims
