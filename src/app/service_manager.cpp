#include "app/service_manager.h"

#include <unistd.h>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "io/pause.h"

namespace aims {
namespace {

using asio::local::datagram_protocol;

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// 0: it is no number.
uint64_t WholeNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size() ? number : 0;
}

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
  constexpr uint64_t kLongest = 86'400'000'000;  // a day: nobody waits longer for a hang to be seen
  ServiceManager manager{std::string(Variable("NOTIFY_SOCKET"))};
  const std::string_view process = Variable("WATCHDOG_PID");
  const bool is_ours = process.empty() || WholeNumber(process) == static_cast<uint64_t>(::getpid());
  const uint64_t watchdog = WholeNumber(Variable("WATCHDOG_USEC"));
  if (is_ours && watchdog <= kLongest) manager.watchdog = std::chrono::microseconds(watchdog);
  return manager;
}

}  // namespace aims
