// How much a line of the log matters, and such a line.
// Pure.

#pragma once

#include <array>
#include <string>
#include <string_view>

namespace aims {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// As the option log_level and --log-level write them, in the order of LogLevel.
inline constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warning", "error"};

struct LogLine {
  LogLevel level;
  std::string text;
};

}  // namespace aims
