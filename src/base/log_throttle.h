// Keeps the log quiet where somebody says the same again and again: a line is new if it was not said for a while. Pure.

#pragma once

#include <chrono>
#include <map>
#include <string>

namespace aims {

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
