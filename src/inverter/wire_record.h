// What came over one wire, for a person who looks for a fault: how often it was asked, what went wrong, and the newest
// replies as they came. The last 50 are kept, and the last 10 that were bad.
// Pure.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace aims {

// Why a request has brought no reading.
enum class Miss { kNoAnswer, kBadReply, kLinkLost };
inline constexpr std::array<std::string_view, 3> kMisses{"no answer", "bad reply", "link lost"};

class WireRecord {
 public:
  static constexpr size_t kReplies = 50;
  static constexpr size_t kBadReplies = 10;

  struct Reply {
    WallTime time{};
    std::string bytes{};  // as they can be shown: "(111.0 … 00001001\\r"
    std::string fault{};  // why there is no reading in it; empty: there is
  };

  void OnReply(std::string_view bytes, std::string_view fault,
               WallTime now);  // a miss of its own where there is a fault
  void OnMiss(Miss miss);      // nothing came back

  uint64_t polls() const { return polls_; }
  uint64_t misses(Miss miss) const { return misses_[static_cast<size_t>(miss)]; }
  // The newest last.
  std::vector<const Reply*> replies() const { return replies_.Ordered(); }
  std::vector<const Reply*> bad_replies() const { return bad_replies_.Ordered(); }

 private:
  // The newest of something; their memory is used again.
  class Newest {
   public:
    explicit Newest(size_t most) : most_(most) {}

    Reply& Next() {
      if (replies_.size() < most_) return replies_.emplace_back();
      next_ = (next_ + 1) % most_;
      return replies_[(next_ + most_ - 1) % most_];
    }
    std::vector<const Reply*> Ordered() const {
      std::vector<const Reply*> ordered;
      ordered.reserve(replies_.size());
      for (size_t i = 0; i < replies_.size(); ++i) ordered.push_back(&replies_[(next_ + i) % replies_.size()]);
      return ordered;
    }

   private:
    size_t most_;
    std::vector<Reply> replies_;
    size_t next_ = 0;  // the oldest, once there are `most_`
  };

  uint64_t polls_ = 0;
  std::array<uint64_t, kMisses.size()> misses_{};
  Newest replies_{kReplies};
  Newest bad_replies_{kBadReplies};
};

}  // namespace aims
