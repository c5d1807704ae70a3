// What keeps the log quiet while something stays as it is.
// Pure.

#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "base/result.h"

namespace aims {

// While something stays broken, each kind of trouble is worth one line.
class LogOncePerKind {
 public:
  // True the first time since the last Clear().
  bool IsNew(ErrorCode code) {
    const auto bit = static_cast<size_t>(code);
    return !said_[bit] && said_.set(bit)[bit];
  }

  bool Has(ErrorCode code) const { return said_[static_cast<size_t>(code)]; }
  bool Any() const { return said_.any(); }

  // All is well again.
  void Clear() { said_.reset(); }

 private:
  std::bitset<static_cast<size_t>(ErrorCode::kBadOption) + 1> said_;
};

// The same by the words of the line, for a few lines.
class LogOncePerLine {
 public:
  // True the first time since the last Clear().
  bool IsNew(const std::string& line) { return said_.size() < kMost && said_.insert(line).second; }

  void Clear() { said_.clear(); }

 private:
  static constexpr size_t kMost = 8;

  std::set<std::string> said_;
};

// A line that others can make us say as often as they like is worth saying again only after a while without it.
class LogThrottle {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // True the first time, and again after kQuiet without it.
  bool IsNew(const std::string& line, Time now) {
    std::erase_if(said_, [&](const auto& one) { return now - one.second >= kQuiet; });
    if (said_.size() >= kMost) return false;
    return said_.insert_or_assign(line, now).second;
  }

 private:
  static constexpr std::chrono::seconds kQuiet{10};
  static constexpr size_t kMost = 100;

  std::map<std::string, Time> said_;  // and when last
};

}  // namespace aims
