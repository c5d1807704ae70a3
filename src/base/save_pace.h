// When to save what others can have us save as often as they like: mains that chatter must not wear the flash out.
// Pure.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>

namespace aims {

class SavePace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `pause`: between two saves of what changes all the time: `most_at_once` times in a minute.
  SavePace(std::chrono::seconds pause, size_t most_at_once) : pause_(pause), most_at_once_(most_at_once) {}

  // Something changed: when to save it. At once, for the first changes; then after the pause, until there was no change
  // for a while.
  Time DueAfterChange(Time now) {
    if (now < due_) return due_;
    if (!changes_.empty() && now - changes_.back() >= kSteady) changes_.clear();
    changes_.push_back(now);
    if (changes_.size() > most_at_once_) changes_.pop_front();
    const bool is_many = changes_.size() == most_at_once_ && now - changes_.front() <= kMinute;
    is_hectic_ = is_many || (is_hectic_ && changes_.size() > 1);
    due_ = is_hectic_ ? std::max(now, due_ + pause_) : now;
    return due_;
  }

 private:
  static constexpr std::chrono::minutes kMinute{1};
  static constexpr std::chrono::minutes kSteady{5};

  std::chrono::seconds pause_;
  size_t most_at_once_;
  std::deque<Time> changes_;  // the newest last
  bool is_hectic_ = false;
  Time due_{};  // the last save, or the next
};

}  // namespace aims
