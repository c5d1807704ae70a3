// aims-inverter-mqtt: from an inverter's serial port to Home Assistant. What it does is in app.h; here is how it is
// started, and how it ends.

#include <fmt/format.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>

#include "app/app.h"
#include "app/command_line.h"
#include "app/health.h"
#include "app/probe.h"
#include "io/files.h"
#include "io/log.h"
#include "io/spawn.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr int kWrongOptions = 2;
constexpr size_t kLargestOptions = 16 << 20;

std::string FromEnvironment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

// The options to run with, or the exit code after every mistake was said.
tl::expected<Options, int> LoadOptions(const CommandLine& line) {
  const auto text = ReadFile(line.options, kLargestOptions);
  if (!text) {
    log::Failed("options: {}", text.error().message);
    return tl::unexpected<int>(kWrongOptions);
  }
  CheckedOptions checked = ParseOptions(*text);
  for (const std::string& warning : checked.findings.warnings) log::Warning("options: {}", warning);
  for (const std::string& mistake : checked.findings.mistakes) log::Failed("options: {}", mistake);
  if (!checked.findings.mistakes.empty()) return tl::unexpected<int>(kWrongOptions);
  return checked.options;
}

// A live connection is taken leave of; Paho's threads, and the resolver's, may be busy for seconds, so they
// are not waited for.
asio::awaitable<void> EndOnSignal(asio::any_io_executor executor, App& app) {
  asio::signal_set signals(executor, SIGTERM, SIGINT);
  std::error_code ignored;
  co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  log::Info("stopping");
  co_await app.Stop(450ms);
  ::_exit(0);
}

int Run(const CommandLine& line) {
  auto options = LoadOptions(line);
  if (!options) return options.error();
  log::SetLevel(line.log_level.value_or(options->log_level));
  log::Info("AIMS Power Inverter MQTT {}", AIMS_VERSION);

  asio::io_context context(1);
  const auto executor = context.get_executor();
  const Supervisor supervisor{FromEnvironment("SUPERVISOR_API", "http://supervisor"),
                              FromEnvironment("SUPERVISOR_TOKEN", "")};
  App app(executor, *options, supervisor, line.data);
  Spawn(executor, EndOnSignal(executor, app));
  Spawn(executor, ServeHealth(executor, line.data));
  app.Start();
  context.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace aims

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto line = aims::ParseCommandLine(argc, argv);
  if (!line) return line.error();
  if (line->healthcheck) return aims::IsHealthy(line->data) ? EXIT_SUCCESS : EXIT_FAILURE;
  try {
    if (line->probe) return aims::Probe(*line->probe, line->baud_rate) ? EXIT_SUCCESS : EXIT_FAILURE;
    return aims::Run(*line);
  } catch (const std::exception& failure) {
    aims::log::Failed("this should not happen, please report it: {}", failure.what());
    return EXIT_FAILURE;
  }
}
