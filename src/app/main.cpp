// aims-inverter-mqtt: from an inverter's serial port to Home Assistant. What it does is in app.h; here is how it is
// started, and how it ends.

#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/ip/host_name.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "app/app.h"
#include "app/check.h"
#include "app/command_line.h"
#include "app/health.h"
#include "app/probe.h"
#include "app/service_manager.h"
#include "app/setup.h"
#include "base/text.h"
#include "io/descriptor.h"
#include "io/disk.h"
#include "io/environment.h"
#include "io/files.h"
#include "io/log.h"
#include "io/pause.h"
#include "io/spawn.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr int kWrongOptions = 2;
constexpr auto kWaitForLock = 10s;
constexpr auto kStop = 400ms;                         // for the broker's last word and the disk
constexpr auto kLastLines = 400ms;                    // for the log; a busy machine takes its time
constexpr char kSupervisorAddress[] = "172.30.32.2";  // in its network, from which ingress comes

// Tests play the Supervisor at another address, and several run at once.
Ingress IngressFromEnvironment() {
  Ingress ingress{Environment("INGRESS_PEER", kSupervisorAddress)};
  ingress.port = ToNumber<uint16_t>(Environment("INGRESS_PORT")).value_or(ingress.port);
  return ingress;
}

// The options to run with, or the exit code after every mistake was said.
tl::expected<ReadOptionsFile, int> LoadOptions(const CommandLine& line) {
  auto read = ReadOptions(line.options);
  if (!read) {
    log::Failed("options: {}", read.error().message);
    return tl::unexpected<int>(kWrongOptions);
  }
  const Findings& findings = read->checked.findings;
  for (const std::string& warning : findings.warnings) log::Warning("options: {}", warning);
  for (const std::string& mistake : findings.mistakes) log::Failed("options: {}", mistake);
  if (!findings.mistakes.empty()) return tl::unexpected<int>(kWrongOptions);
  return *std::move(read);
}

// The log may not be writable, and Paho's threads, the resolver's and the disk's may be busy for long: they are not
// waited for. (kStop and kLastLines together stay below a second.)
[[noreturn]] void End(int code) {
  log::Finish(kLastLines);
  ::_exit(code);
}

// `app`: null before it is there.
asio::awaitable<void> EndOnSignal(asio::signal_set& signals, const std::unique_ptr<App>& app) {
  std::error_code ignored;
  co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  log::Info("stopping");
  ServiceManagerFromEnvironment().Tell("STOPPING=1");
  if (app) co_await app->Stop(kStop);
  End(EXIT_SUCCESS);
}

// Holds `directory` against a second program, whose files would be ours; waits for one that is about to end. A
// directory that is not there is not held.
asio::awaitable<Descriptor> Hold(asio::any_io_executor executor, std::string directory) {
  const auto end = std::chrono::steady_clock::now() + kWaitForLock;
  bool is_told = false;
  while (true) {
    auto lock = LockDirectory(directory);
    if (lock) co_return std::move(*lock);
    if (lock.error().code != ErrorCode::kBusy) co_return Descriptor();
    if (std::chrono::steady_clock::now() >= end) {
      log::Failed("--data: {}; does this app run twice?", lock.error().message);
      End(kWrongOptions);
    }
    if (!std::exchange(is_told, true)) log::Info("--data: {}; waiting for it", lock.error().message);
    co_await Pause(executor, 200ms);
  }
}

// What is needed for the whole run; it ends with the process.
struct Running {
  asio::io_context& context;
  CommandLine line;
  Options options;
  std::string shown_options;
  Disk disk{context.get_executor()};
  Descriptor lock{};
  std::unique_ptr<App> app{};
};

asio::awaitable<void> Start(Running& running) {
  const auto executor = running.context.get_executor();
  running.lock = co_await Hold(executor, running.line.data);
  Surroundings surroundings{
      .supervisor = {Environment("SUPERVISOR_API", "http://supervisor"), Environment("SUPERVISOR_TOKEN")},
      .shown_options = std::move(running.shown_options)};
  if (!surroundings.supervisor.token.empty()) {
    surroundings.supervisor.app_page = AppPage(asio::ip::host_name());
    surroundings.ingress = IngressFromEnvironment();
    running.options.nut.port = kNutPort;  // the owner chooses another one in the app's network settings
  }
  const DataFolder folder{executor, running.disk, running.line.data};
  running.app = std::make_unique<App>(folder, running.options, std::move(surroundings));
  Spawn(executor, ServeHealth(executor, running.line.data));
  running.app->Start();
  Spawn(executor, TellAlive(executor, ServiceManagerFromEnvironment()));
}

int Run(const CommandLine& line, asio::io_context& context, asio::signal_set& signals) {
  auto read = LoadOptions(line);
  if (!read) return read.error();
  Options& options = read->checked.options;
  log::SetLevel(line.log_level.value_or(options.log_level));
  log::Info("AIMS Power Inverter MQTT {}", AIMS_VERSION);
  Running running{context, line, std::move(options), std::move(read->shown)};
  Spawn(context.get_executor(), EndOnSignal(signals, running.app));
  Spawn(context.get_executor(), Start(running));
  context.run();
  return EXIT_SUCCESS;
}

// A core dump would hold the broker's password. (Sanitizers look for leaks as a debugger does.)
void ForbidDumps() {
#ifndef __SANITIZE_ADDRESS__
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

// A static OpenSSL looks where Debian's build machines keep the public authorities; here is where computers have them.
void FindAuthorities() { ::setenv("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt", /*overwrite=*/0); }

}  // namespace
}  // namespace aims

// As the first process of a container it gets no signal that it has not asked for: so it asks at once.
int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  aims::ForbidDumps();
  aims::FindAuthorities();
  asio::io_context context(1);
  asio::signal_set signals(context, SIGTERM, SIGINT);
  const auto line = aims::ParseCommandLine(argc, argv);
  if (!line) return line.error();
  if (line->healthcheck || line->probe || line->check || line->setup) signals.clear();
  if (line->check) return aims::CheckOptions(*line->check) ? EXIT_SUCCESS : aims::kWrongOptions;
  if (line->setup) ::_exit(aims::Setup(*line->setup) ? EXIT_SUCCESS : EXIT_FAILURE);  // a broker may still be awaited
  if (line->healthcheck) return aims::IsHealthy(line->data) ? EXIT_SUCCESS : EXIT_FAILURE;
  int code = EXIT_FAILURE;
  try {
    if (line->probe) return aims::Probe(*line->probe, line->baud_rate) ? EXIT_SUCCESS : EXIT_FAILURE;
    code = aims::Run(*line, context, signals);
  } catch (const std::exception& failure) {
    aims::log::Failed("this should not happen, please report it: {}", failure.what());
  }
  if (!aims::log::Finish(std::chrono::seconds(1))) ::_exit(code);
  return code;
}
