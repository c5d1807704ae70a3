#include "mqtt/own_topics.h"

#include <algorithm>
#include <utility>

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr auto kBeforeContradiction = 1s;

}  // namespace

void OwnTopics::Add(const std::string& topic, std::chrono::milliseconds pace) {
  topics_.try_emplace(topic, Topic{pace});
}

void OwnTopics::OnSaid(const std::string& topic, const std::string& payload) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  found->second.said = payload;
  found->second.heard.reset();
  found->second.due.reset();
}

void OwnTopics::OnHeard(const std::string& topic, const std::string& payload, Time now) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return;
  Topic& one = found->second;
  if (payload == one.said) return one.due.reset();
  one.heard = payload;
  if (!one.due) one.due = std::max<Time>(now + kBeforeContradiction, one.not_before);
}

void OwnTopics::OnDisconnected() {
  for (auto& [name, topic] : topics_) topic.due.reset();
}

std::vector<OwnTopics::Contradicted> OwnTopics::Due(Time now) {
  std::vector<Contradicted> due;
  for (auto& [name, topic] : topics_) {
    if (!topic.due || now < *topic.due) continue;
    topic.due.reset();
    topic.not_before = now + topic.pace;
    due.push_back({name, topic.heard.value_or(""), !std::exchange(topic.was_contradicted, true)});
  }
  return due;
}

std::optional<OwnTopics::Time> OwnTopics::next() const {
  std::optional<Time> first;
  for (const auto& [name, topic] : topics_) {
    if (topic.due && (!first || *topic.due < *first)) first = topic.due;
  }
  return first;
}

}  // namespace aims
