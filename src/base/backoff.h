// How long to wait before trying again: after 1 s, after 2 s, then every 3 s, for ever. Brokers on a local network come
// back within seconds of each other's restart; a longer pause would only make the owner wait.

#pragma once

#include <algorithm>
#include <chrono>

namespace aims {

class Backoff {
 public:
  std::chrono::seconds Next() { return pause_ = std::min(pause_ + std::chrono::seconds(1), kLongest); }
  void Reset() { pause_ = {}; }

 private:
  static constexpr std::chrono::seconds kLongest{3};
  std::chrono::seconds pause_{0};
};

}  // namespace aims
