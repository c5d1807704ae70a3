#include "io/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>

namespace aims::log {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::off;
}

spdlog::logger& Logger() {
  static spdlog::logger logger = [] {
    tzset();
    spdlog::logger made("", std::make_shared<spdlog::sinks::stdout_sink_st>());
    made.set_pattern("%Y-%m-%d %H:%M:%S %-7l %v");
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return logger;
}

}  // namespace

void SetLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }

void Write(LogLevel level, std::string_view line) {
  std::string clean(line);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  std::replace_if(clean.begin(), clean.end(), is_control, '?');
  Logger().log(ToSpdlog(level), spdlog::string_view_t(clean.data(), clean.size()));
}

}  // namespace aims::log
