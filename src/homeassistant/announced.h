// What was announced to Home Assistant, so that what the options no longer hold can be taken back: a renamed or removed
// inverter leaves no orphan behind. Pure.

#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "homeassistant/topics.h"

namespace aims {

// One inverter, as it was announced.
struct AnnouncedDevice {
  Topics topics;
  std::string id;
  Permissions permissions{};  // these three decide on the entities that it has
  Described described{};
  bool has_nut = false;

  bool operator==(const AnnouncedDevice&) const = default;
};

class AnnouncedDevices {
 public:
  // More inverters than any house has.
  static constexpr size_t kMost = 1000;

  // What `now` does not hold, whatever entities it had.
  std::vector<AnnouncedDevice> Without(const std::vector<AnnouncedDevice>& now) const;
  // The bridge topics that those of `now` had before, when another inverter was the first.
  std::set<std::string> BridgesBefore(const std::vector<AnnouncedDevice>& now) const;
  // `one` as it was announced; itself where it was not.
  AnnouncedDevice Before(const AnnouncedDevice& one) const;

  void Add(const std::vector<AnnouncedDevice>& more);         // what is there already is not added again
  void Replace(const std::vector<AnnouncedDevice>& changed);  // but for its entities, and which is the first
  void Remove(const std::vector<AnnouncedDevice>& gone);
  const std::vector<AnnouncedDevice>& all() const { return all_; }

  // {"version": 1, "announced": [{"base_topic": …, "discovery_prefix": …, "first": …, "id": …,
  //                                 "beeper": false, "megatec": false, "rehearsal": false, "power": false,
  //                                 "battery": false, "nut": false}, …]}
  std::string ToJson() const;
  // kBadReply: it is not what ToJson writes, in any part; a name that cannot be part of a topic is none.
  static Result<AnnouncedDevices> FromJson(std::string_view json);

 private:
  std::vector<AnnouncedDevice> all_;
};

}  // namespace aims
