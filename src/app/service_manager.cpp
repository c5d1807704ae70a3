#include "app/service_manager.h"

#include <unistd.h>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <cstdint>

#include "base/text.h"
#include "io/environment.h"
#include "io/pause.h"

namespace aims {
namespace {

using asio::local::datagram_protocol;

}  // namespace

void ServiceManager::Tell(std::string_view state) const {
  constexpr size_t kLongestName = 107;  // unix(7)
  if (socket.empty() || socket.size() > kLongestName) return;
  std::string name = socket;
  if (name[0] == '@') name[0] = '\0';
  asio::io_context context;
  datagram_protocol::socket to(context);
  std::error_code ignored;
  to.open(datagram_protocol(), ignored);
  to.non_blocking(true, ignored);
  to.send_to(asio::buffer(state), datagram_protocol::endpoint(name), 0, ignored);
}

asio::awaitable<void> TellAlive(asio::any_io_executor executor, ServiceManager manager) {
  manager.Tell("READY=1");
  while (!manager.socket.empty() && manager.watchdog.count() > 0) {
    co_await Pause(executor, manager.watchdog / 3);
    manager.Tell("WATCHDOG=1");
  }
}

ServiceManager ServiceManagerFromEnvironment() {
  constexpr uint64_t kLongest = 86'400'000'000;  // a day: a longer watchdog would be of no use
  ServiceManager manager{Environment("NOTIFY_SOCKET")};
  const std::string process = Environment("WATCHDOG_PID");
  const bool is_ours = process.empty() || ToNumber<pid_t>(process) == ::getpid();
  const uint64_t watchdog = ToNumber<uint64_t>(Environment("WATCHDOG_USEC")).value_or(0);
  if (is_ours && watchdog <= kLongest) manager.watchdog = std::chrono::microseconds(watchdog);
  return manager;
}

}  // namespace aims
