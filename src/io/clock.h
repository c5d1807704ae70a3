// The two clocks, read: nowhere else but at the edges.

#pragma once

#include <chrono>
#include <fstream>
#include <string>

#include "base/time.h"

namespace aims {

inline WallTime WallNow() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// Which start of the host this is; the same until the next one. Empty: unknown.
inline std::string BootId() {
  constexpr size_t kLength = 8;
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id.substr(0, kLength);
}

inline Moment Now() { return {std::chrono::steady_clock::now(), WallNow()}; }

}  // namespace aims
