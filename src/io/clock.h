// The two clocks, read: nowhere else but at the edges.

#pragma once

#include <chrono>

#include "base/time.h"

namespace aims {

inline WallTime WallNow() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

inline Moment Now() { return {std::chrono::steady_clock::now(), WallNow()}; }

}  // namespace aims
