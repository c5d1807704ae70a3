// The log that the owner reads: one line each on standard output, with local time; in systemd's journal, which has the
// time, with the priority instead. What is logged, and that it is
// logged once, is decided elsewhere. A thread of its own writes: where the log cannot be written for a while, lines are
// dropped, and counted, and nothing waits.

#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log_level.h"

namespace aims::log {

// Lines below `level` are not written.
void SetLevel(LogLevel level);

// As OneLine (base/text.h) shows it, so that no device or client can write a line of its own.
void Write(LogLevel level, std::string_view line);

inline constexpr size_t kNewest = 200;

// The newest lines, up to kNewest, as they were written; the newest last.
std::vector<std::string> Newest();

// Waits, at most for `limit`, until everything is written; false: it is not. The program is about to end.
bool Finish(std::chrono::milliseconds limit);

template <typename... Arguments>
void Debug(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  Write(LogLevel::kDebug, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <typename... Arguments>
void Info(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  Write(LogLevel::kInfo, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <typename... Arguments>
void Warning(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  Write(LogLevel::kWarning, fmt::format(format, std::forward<Arguments>(arguments)...));
}
template <typename... Arguments>
void Failed(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  Write(LogLevel::kError, fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace aims::log
