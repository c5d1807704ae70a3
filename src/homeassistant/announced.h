// What was announced to Home Assistant, so that what the options no longer hold can be taken back: a renamed or removed
// inverter leaves no ghost. Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "homeassistant/documents.h"

namespace aims {

// One inverter, as it was announced.
struct Announced {
  Topics topics;
  std::string id;
  Allowed allowed{};  // which decides on the entities that it has

  bool operator==(const Announced&) const = default;
};

class Ledger {
 public:
  // More than this is nobody's house.
  static constexpr size_t kMost = 1000;

  // What `now` does not hold, whatever was allowed.
  std::vector<Announced> Without(const std::vector<Announced>& now) const;
  // What was allowed when `one` was announced.
  Allowed AllowedBefore(const Announced& one) const;

  void Add(const std::vector<Announced>& more);         // what is there already is not added again
  void Replace(const std::vector<Announced>& changed);  // but for what is allowed
  void Remove(const std::vector<Announced>& gone);
  const std::vector<Announced>& all() const { return all_; }

  // {"version": 1, "announced": [{"base_topic": …, "discovery_prefix": …, "id": …, "control": false,
  //                                 "megatec_control": false, "rehearsal": false}, …]}
  std::string ToJson() const;
  // kBadReply: it is not what ToJson writes, in any part; a name that cannot be part of a topic is none.
  static Result<Ledger> FromJson(std::string_view json);

 private:
  std::vector<Announced> all_;
};

}  // namespace aims
