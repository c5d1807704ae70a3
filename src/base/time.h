// The time of day, which people and records need; nothing is timed by it, for it jumps. Pure.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace aims {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// Now, by the clock that does not jump, which times things, and by the one that people read.
struct Moment {
  std::chrono::steady_clock::time_point steady;
  WallTime wall{};
};

constexpr double InSeconds(std::chrono::duration<double> time) { return time.count(); }

// ISO 8601 in UTC, as Home Assistant takes it: "2026-11-22T21:04:00.250+00:00". Of the years 1970 to 9999; what lies
// outside becomes the nearest of them.
std::string FormatTime(WallTime time);

// Exactly what FormatTime writes.
std::optional<WallTime> ParseTime(std::string_view text);

}  // namespace aims
