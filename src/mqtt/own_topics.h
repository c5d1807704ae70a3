// The retained topics on which this program alone speaks: what was heard last there is held against what was said last.
// Pure. Another client's word would be believed for ever: a stranger's `offline`, the will of an earlier connection
// that the broker only now finds dead, a second app with an inverter of the same name.
//
// It reads no clock: its owner looks when the time of next() has come.

#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aims {

class OwnTopics {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `pace`: the shortest time between two contradictions.
  void Add(const std::string& topic, std::chrono::milliseconds pace);
  bool Holds(const std::string& topic) const { return topics_.contains(topic); }

  void OnSaid(const std::string& topic, const std::string& payload);
  void OnHeard(const std::string& topic, const std::string& payload, Time now);
  void OnDisconnected();

  struct Contradicted {
    std::string topic;
    std::string heard;
    bool is_first;  // on this topic, in this run
  };
  // Where the last word is another one's, and long enough for it not to be our own on its way back.
  std::vector<Contradicted> Due(Time now);
  std::optional<Time> next() const;

 private:
  struct Topic {
    std::chrono::milliseconds pace;
    std::string said;
    std::optional<std::string> heard;  // since then
    std::optional<Time> due;
    Time not_before{};
    bool was_contradicted = false;
  };

  std::map<std::string, Topic> topics_;
};

}  // namespace aims
