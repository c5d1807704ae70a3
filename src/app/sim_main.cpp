// aims-inverter-sim: a simulated inverter on a pseudo-terminal, to which a link points. It takes commands on standard
// input, a line each, and goes on when that ends.

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>

#include "app/command_line.h"
#include "io/descriptor.h"
#include "wire/simulated_line.h"

namespace aims {
namespace {

namespace fs = std::filesystem;
using Stream = asio::posix::stream_descriptor;

class PluggedSimulator {
 public:
  PluggedSimulator(asio::io_context& context, SimulatorCommandLine line)
      : context_(context), line_(std::move(line)), simulator_(std::make_shared<Simulator>(Clock::now())) {}
  ~PluggedSimulator() { Unplug(); }

  // A new pseudo-terminal, as a replugged adapter is a new device, and the link to it.
  bool Plug() {
    if (served_) return true;
    Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (master.get() < 0 || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) return false;
    const std::string name = ::ptsname(master.get());
    // Held open, so that the master lives on while the other end is closed; raw, so that nothing is echoed.
    slave_ = Descriptor(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios raw{};
    ::tcgetattr(slave_.get(), &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave_.get(), TCSANOW, &raw);

    std::error_code failure;
    if (fs::is_symlink(line_.link)) fs::remove(line_.link, failure);
    fs::create_symlink(name, line_.link, failure);
    if (failure) {
      std::cerr << line_.link << ": " << failure.message() << "\n";
      return false;
    }
    served_ = std::make_shared<SimulatedLine>(Stream(context_, master.Release()), simulator_, line_.baud_rate);
    asio::co_spawn(context_, SimulatedLine::Serve(served_), asio::detached);
    std::cout << "simulated inverter at " << line_.link << " (" << name << ")\n" << std::flush;
    return true;
  }

  void Unplug() {
    if (!served_) return;
    std::error_code ignored;
    fs::remove(line_.link, ignored);
    served_->Close();
    served_.reset();
    slave_ = Descriptor();
  }

  void Obey(const std::string& command) {
    simulator_->Advance(Clock::now());
    if (command == "plug") {
      Plug();
    } else if (command == "unplug") {
      Unplug();
    } else if (!command.empty() && !simulator_->Obey(command)) {
      std::cerr << "not understood: " << command << " (see --help)\n";
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  asio::io_context& context_;
  SimulatorCommandLine line_;
  std::shared_ptr<Simulator> simulator_;
  std::shared_ptr<SimulatedLine> served_;
  Descriptor slave_;
};

int Run(const SimulatorCommandLine& line) {
  asio::io_context context(1);
  PluggedSimulator simulator(context, line);
  if (!simulator.Plug()) return EXIT_FAILURE;

  asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](std::error_code, int) {
    simulator.Unplug();
    ::_exit(EXIT_SUCCESS);
  });
  // Standard input may be a file or /dev/null, which nothing can poll: a thread of its own waits for it.
  std::thread([&] {
    for (std::string command; std::getline(std::cin, command);) {
      asio::post(context, [&simulator, command] { simulator.Obey(command); });
    }
  }).detach();
  context.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace aims

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto line = aims::ParseSimulatorCommandLine(argc, argv);
  return line ? aims::Run(*line) : line.error();
}
