#include "supervisor/supervisor.h"

#include <fmt/format.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <charconv>
#include <cstdint>
#include <memory>

#include "io/deadline.h"
#include "supervisor/reply.h"

namespace aims {

struct SupervisorUrl {
  std::string host;
  uint16_t port;
  std::string path;
};

namespace {

using asio::ip::tcp;

SupervisorUrl ParseUrl(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const std::string rest = url.starts_with(kScheme) ? url.substr(kScheme.size()) : url;
  const size_t slash = rest.find('/');
  const std::string authority = rest.substr(0, slash);
  const size_t colon = authority.rfind(':');
  std::string path = slash == std::string::npos ? "" : rest.substr(slash);
  while (path.ends_with('/')) path.pop_back();
  if (colon == std::string::npos) return {authority, 80, path};
  uint16_t port = 0;
  std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), port);
  return {authority.substr(0, colon), port, path};
}

tl::unexpected<Error> Unreachable(const Supervisor& supervisor, const std::string& why) {
  return Failure(ErrorCode::kAbsent, fmt::format("the Supervisor at {} cannot be reached: {}", supervisor.api, why));
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

asio::awaitable<Result<FoundBroker>> AskForBroker(asio::any_io_executor executor, Resolver& resolver,
                                                  Supervisor supervisor, std::chrono::milliseconds limit) {
  const SupervisorUrl url = ParseUrl(supervisor.api);
  const auto addresses = co_await resolver.Find(url.host);
  if (!addresses) co_return Unreachable(supervisor, addresses.error().message);
  const auto endpoints = AtPort(*addresses, url.port);
  std::error_code failure;
  const auto socket = std::make_shared<tcp::socket>(executor);
  const Deadline deadline(executor, limit, [socket] {
    std::error_code ignored;
    socket->close(ignored);
  });
  co_await asio::async_connect(*socket, endpoints, asio::redirect_error(asio::use_awaitable, failure));
  std::string answer;
  if (!failure && !deadline.is_over()) {
    const std::string request = ServiceRequest(url.host, url.path, supervisor.token);
    co_await asio::async_write(*socket, asio::buffer(request), asio::redirect_error(asio::use_awaitable, failure));
    answer = co_await Receive(*socket);
  }

  if (deadline.is_over()) {
    co_return Failure(ErrorCode::kTimeout, fmt::format("the Supervisor at {} does not answer in time", supervisor.api));
  }
  if (answer.empty()) {
    co_return Unreachable(supervisor, failure ? failure.message() : "it closed the connection");
  }
  co_return ParseServiceAnswer(answer);
}

}  // namespace aims
