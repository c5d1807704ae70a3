#include "supervisor.h"

#include <fmt/format.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <memory>

#include "service.h"

namespace aims {
namespace {

using asio::ip::tcp;

struct Url {
  std::string host;
  std::string port;
  std::string path;
};

Url ParseUrl(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const std::string rest = url.starts_with(kScheme) ? url.substr(kScheme.size()) : url;
  const size_t slash = rest.find('/');
  const std::string authority = rest.substr(0, slash);
  const size_t colon = authority.rfind(':');
  std::string path = slash == std::string::npos ? "" : rest.substr(slash);
  while (path.ends_with('/')) path.pop_back();
  if (colon == std::string::npos) return {authority, "80", path};
  return {authority.substr(0, colon), authority.substr(colon + 1), path};
}

// Closes the socket when the time is over; shared with the timer's handler, which may outlive the exchange.
struct Exchange {
  explicit Exchange(const asio::any_io_executor& executor) : resolver(executor), socket(executor), timer(executor) {}

  tcp::resolver resolver;
  tcp::socket socket;
  asio::steady_timer timer;
  bool late = false;
};

void Limit(const std::shared_ptr<Exchange>& exchange, std::chrono::milliseconds limit) {
  exchange->timer.expires_after(limit);
  exchange->timer.async_wait([exchange](std::error_code stopped) {
    if (stopped) return;
    exchange->late = true;
    std::error_code ignored;
    exchange->resolver.cancel();
    exchange->socket.close(ignored);
  });
}

// What came until the connection's end, or until it is whole or too much.
asio::awaitable<std::string> Receive(tcp::socket& socket) {
  std::string answer;
  std::array<char, 4096> part;
  while (answer.size() < kLargestAnswer && !IsWholeAnswer(answer)) {
    std::error_code failure;
    const size_t got =
        co_await socket.async_read_some(asio::buffer(part), asio::redirect_error(asio::use_awaitable, failure));
    answer.append(part.data(), got);
    if (failure) break;
  }
  co_return answer;
}

}  // namespace

asio::awaitable<Result<Broker>> AskForBroker(asio::any_io_executor executor, Supervisor supervisor,
                                             std::chrono::milliseconds limit) {
  const Url url = ParseUrl(supervisor.api);
  const auto exchange = std::make_shared<Exchange>(executor);
  Limit(exchange, limit);

  std::error_code failure;
  const auto endpoints =
      co_await exchange->resolver.async_resolve(url.host, url.port, asio::redirect_error(asio::use_awaitable, failure));
  if (!failure && !exchange->late) {
    co_await asio::async_connect(exchange->socket, endpoints, asio::redirect_error(asio::use_awaitable, failure));
  }
  std::string answer;
  if (!failure && !exchange->late) {
    const std::string request = ServiceRequest(url.host, url.path, supervisor.token);
    co_await asio::async_write(exchange->socket, asio::buffer(request),
                               asio::redirect_error(asio::use_awaitable, failure));
    answer = co_await Receive(exchange->socket);
  }
  exchange->timer.cancel();

  if (exchange->late) {
    co_return Failure(ErrorCode::kTimeout, fmt::format("the Supervisor at {} does not answer in time", supervisor.api));
  }
  if (answer.empty()) {
    const std::string why = failure ? failure.message() : "it closed the connection";
    co_return Failure(ErrorCode::kAbsent,
                      fmt::format("the Supervisor at {} cannot be reached: {}", supervisor.api, why));
  }
  co_return ParseServiceAnswer(answer);
}

}  // namespace aims
