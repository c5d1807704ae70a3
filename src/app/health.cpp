#include "app/health.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <asio/buffer.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <string_view>

#include "io/descriptor.h"
#include "io/log.h"

namespace aims {
namespace {

using asio::local::stream_protocol;
using namespace std::chrono_literals;

constexpr std::string_view kAlive = "alive\n";
constexpr timeval kLimit{2, 0};

// An abstract name begins with a NUL; what does not fit is left out at the front, where paths are alike.
stream_protocol::endpoint Endpoint(const std::string& data_directory) {
  constexpr size_t kLongest = 80;
  const size_t cut = data_directory.size() > kLongest ? data_directory.size() - kLongest : 0;
  return {std::string(1, '\0') + "aims-inverter-mqtt:" + data_directory.substr(cut)};
}

}  // namespace

asio::awaitable<void> ServeHealth(asio::any_io_executor executor, std::string data_directory) {
  std::error_code failure;
  stream_protocol::acceptor acceptor(executor);
  const auto endpoint = Endpoint(data_directory);
  acceptor.open(endpoint.protocol(), failure);
  acceptor.bind(endpoint, failure);
  if (!failure) acceptor.listen(4, failure);
  if (failure) {
    log::Warning("--healthcheck will not find this program: {}; does another one run with the same --data?",
                 failure.message());
    co_return;
  }
  while (true) {
    stream_protocol::socket peer(executor);
    co_await acceptor.async_accept(peer, asio::redirect_error(asio::use_awaitable, failure));
    std::error_code ignored;
    if (!failure) {
      peer.non_blocking(true, ignored);
      peer.write_some(asio::buffer(kAlive), ignored);
      continue;
    }
    asio::steady_timer pause(executor, 1s);  // no descriptors left, say: not at once again
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

bool IsHealthy(const std::string& data_directory) {
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kLimit, sizeof kLimit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kLimit, sizeof kLimit);
  const auto endpoint = Endpoint(data_directory);
  if (::connect(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) return false;
  char answer[kAlive.size()];
  return ::recv(socket.get(), answer, sizeof answer, MSG_WAITALL) == static_cast<ssize_t>(kAlive.size());
}

}  // namespace aims
