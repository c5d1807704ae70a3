#include "app/service_manager.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <cstdlib>
#include <string>

#include "io/spawn.h"
#include "tests/io/temporary.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

// systemd's end of the socket.
class Listening {
 public:
  explicit Listening(const std::string& name) : socket_(context_, asio::local::datagram_protocol::endpoint(name)) {
    socket_.non_blocking(true);
  }
  // The next datagram; empty: there is none.
  std::string Next() {
    char bytes[64];
    std::error_code failure;
    const size_t size = socket_.receive(asio::buffer(bytes), 0, failure);
    return failure ? "" : std::string(bytes, size);
  }

 private:
  asio::io_context context_;
  asio::local::datagram_protocol::socket socket_;
};

struct Environment {
  ~Environment() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  }
  void Set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
};

}  // namespace

TEST_CASE("systemd is told at a path, or at an abstract name") {
  TemporaryDirectory directory;
  Listening at_path(directory / "notify");
  ServiceManager{directory / "notify"}.Tell("STOPPING=1");
  CHECK(at_path.Next() == "STOPPING=1");

  const std::string name = "aims-test-" + std::to_string(::getpid());
  Listening abstract(std::string(1, '\0') + name);
  ServiceManager{"@" + name}.Tell("READY=1");
  CHECK(abstract.Next() == "READY=1");
}

TEST_CASE("it is told at once that the program is ready, and then in time that its loop runs") {
  TemporaryDirectory directory;
  Listening systemd(directory / "notify");
  asio::io_context context;
  Spawn(context.get_executor(), TellAlive(context.get_executor(), ServiceManager{directory / "notify", 60ms}));
  context.run_for(1ms);
  CHECK(systemd.Next() == "READY=1");
  CHECK(systemd.Next().empty());
  context.run_for(500ms);
  CHECK(systemd.Next() == "WATCHDOG=1");
  CHECK(systemd.Next() == "WATCHDOG=1");
}

TEST_CASE("without a watchdog nothing more is told, and without systemd nothing") {
  asio::io_context context;
  Spawn(context.get_executor(), TellAlive(context.get_executor(), ServiceManager{}));
  Spawn(context.get_executor(), TellAlive(context.get_executor(), ServiceManager{"/nowhere/notify"}));
  Spawn(context.get_executor(), TellAlive(context.get_executor(), ServiceManager{std::string(300, 'x'), 1s}));
  CHECK(context.run_for(100ms) > 0);
  context.restart();
  CHECK(context.poll() == 0);
}

TEST_CASE("a socket that takes no more does not hold the program up") {
  TemporaryDirectory directory;
  Listening systemd(directory / "notify");
  const ServiceManager manager{directory / "notify"};
  for (int i = 0; i < 1000; ++i) manager.Tell("WATCHDOG=1");
  CHECK(systemd.Next() == "WATCHDOG=1");
}

TEST_CASE("the environment says where systemd listens, and how long it waits, if it means this process") {
  Environment environment;
  CHECK(ServiceManagerFromEnvironment().socket.empty());
  environment.Set("NOTIFY_SOCKET", "@systemd");
  environment.Set("WATCHDOG_USEC", "30000000");
  CHECK(ServiceManagerFromEnvironment().socket == "@systemd");
  CHECK(ServiceManagerFromEnvironment().watchdog == 30s);
  environment.Set("WATCHDOG_PID", std::to_string(::getpid()));
  CHECK(ServiceManagerFromEnvironment().watchdog == 30s);
  environment.Set("WATCHDOG_PID", "1");
  CHECK(ServiceManagerFromEnvironment().watchdog == 0s);
  environment.Set("WATCHDOG_PID", std::to_string(::getpid()));
  for (const char* wrong : {"", "soon", "-5", "30000000s", "99999999999999999999", "18446744073709551615"}) {
    environment.Set("WATCHDOG_USEC", wrong);
    CHECK(ServiceManagerFromEnvironment().watchdog == 0s);
  }
}
