// A channel without a broker: what is published is written down, and acknowledged when the test says so.

#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/channel.h"

namespace aims {

struct Recorder {
  struct Published {
    int token;
    std::string topic;
    std::string payload;
    Retain retain;
  };

  std::vector<Published> published;
  std::vector<std::string> subscribed;
  std::vector<std::string> unsubscribed;
  int tokens = 0;
  bool has_room = true;

  Channel Open() {
    return {[this](const std::string& topic, const std::string& payload, Retain retain) -> std::optional<int> {
              if (!has_room) return {};
              published.push_back({++tokens, topic, payload, retain});
              return tokens;
            },
            [this](const std::string& topic, Held) { subscribed.push_back(topic); },
            [this](const std::string& topic) { unsubscribed.push_back(topic); }};
  }

  size_t Count(const std::string& topic) const {
    return static_cast<size_t>(
        std::count_if(published.begin(), published.end(), [&](const auto& one) { return one.topic == topic; }));
  }
  // The last of that topic.
  const Published& Last(const std::string& topic) const {
    return *std::find_if(published.rbegin(), published.rend(), [&](const auto& one) { return one.topic == topic; });
  }
  std::vector<std::string> Topics() const {
    std::vector<std::string> topics;
    for (const Published& one : published) topics.push_back(one.topic);
    return topics;
  }
};

}  // namespace aims
