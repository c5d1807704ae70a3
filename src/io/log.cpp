#include "io/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/text.h"
#include "io/environment.h"

namespace aims::log {
namespace {

constexpr size_t kMostWaiting = 256;  // lines; then the oldest is dropped

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

// Whether standard output is the journal's: sd-daemon(3), "$JOURNAL_STREAM" in systemd.exec(5).
bool IsJournal() {
  struct stat output = {};
  return ::fstat(STDOUT_FILENO, &output) == 0 &&
         Environment("JOURNAL_STREAM") == fmt::format("{}:{}", output.st_dev, output.st_ino);
}

// The priority of a line, as the journal reads it at the beginning: sd-daemon(3).
class Priority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm& /*time*/, spdlog::memory_buf_t& into) override {
    const std::string_view priority = line.level >= spdlog::level::err    ? "<3>"
                                      : line.level >= spdlog::level::warn ? "<4>"
                                      : line.level >= spdlog::level::info ? "<6>"
                                                                          : "<7>";
    into.append(priority.data(), priority.data() + priority.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<Priority>(); }
};

// Standard output. Says how many lines were dropped before the one that it writes. Used by the log's thread alone.
class Output final : public spdlog::sinks::stdout_sink_st {
 public:
  explicit Output(spdlog::details::thread_pool& pool) : pool_(pool) {}

  void log(const spdlog::details::log_msg& line) override {
    const size_t dropped = pool_.overrun_counter();
    if (dropped > told_) {
      const std::string text = fmt::format("{} lines are missing here: the log could not be written",
                                           dropped - std::exchange(told_, dropped));
      const spdlog::string_view_t view(text.data(), text.size());
      spdlog::sinks::stdout_sink_st::log({line.time, {}, line.logger_name, spdlog::level::warn, view});
    }
    spdlog::sinks::stdout_sink_st::log(line);
    ++written_;
  }
  size_t written() const { return written_; }

 private:
  spdlog::details::thread_pool& pool_;
  size_t told_ = 0;
  std::atomic<size_t> written_ = 0;
};

// Lives as long as the program: its thread may wait for standard output for ever.
struct Log {
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> newest;
  std::shared_ptr<Output> output;
  std::shared_ptr<spdlog::async_logger> logger;
  std::atomic<size_t> asked = 0;

  Log() {
    tzset();
    pool = std::make_shared<spdlog::details::thread_pool>(kMostWaiting, 1);
    newest = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(kNewest);
    output = std::make_shared<Output>(*pool);
    const std::initializer_list<spdlog::sink_ptr> sinks{newest, output};
    logger = std::make_shared<spdlog::async_logger>("", sinks, pool, spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("%Y-%m-%d %H:%M:%S %-7l %v");
    if (!IsJournal()) return;  // which has the time and the level of each line, and shows them
    auto for_journal = std::make_unique<spdlog::pattern_formatter>();
    for_journal->add_flag<Priority>('P').set_pattern("%P%v");
    output->set_formatter(std::move(for_journal));
  }
};

Log& TheLog() {
  static Log* log = new Log;
  return *log;
}

}  // namespace

void SetLevel(LogLevel level) { TheLog().logger->set_level(ToSpdlog(level)); }

void Write(LogLevel level, std::string_view line) {
  Log& log = TheLog();
  if (!log.logger->should_log(ToSpdlog(level))) return;
  const std::string clean = OneLine(line);
  ++log.asked;
  log.logger->log(ToSpdlog(level), spdlog::string_view_t(clean.data(), clean.size()));
}

std::vector<std::string> Newest() {
  std::vector<std::string> lines = TheLog().newest->last_formatted();
  for (std::string& line : lines) line.erase(line.find_last_not_of("\r\n") + 1);
  return lines;
}

bool Finish(std::chrono::milliseconds limit) {
  Log& log = TheLog();
  const auto end = std::chrono::steady_clock::now() + limit;
  const auto is_done = [&] { return log.output->written() + log.pool->overrun_counter() >= log.asked; };
  while (!is_done() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return is_done();
}

}  // namespace aims::log
