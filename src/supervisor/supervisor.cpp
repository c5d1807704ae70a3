#include "supervisor/supervisor.h"

#include <fmt/format.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <memory>

#include "io/deadline.h"
#include "supervisor/reply.h"

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

asio::awaitable<Result<FoundBroker>> AskForBroker(asio::any_io_executor executor, Supervisor supervisor,
                                                  std::chrono::milliseconds limit) {
  const Url url = ParseUrl(supervisor.api);
  std::error_code failure;
  tcp::resolver resolver(executor);
  const auto endpoints =
      co_await resolver.async_resolve(url.host, url.port, asio::redirect_error(asio::use_awaitable, failure));
  const auto socket = std::make_shared<tcp::socket>(executor);
  const Deadline deadline(executor, limit, [socket] {
    std::error_code ignored;
    socket->close(ignored);
  });
  if (!failure) {
    co_await asio::async_connect(*socket, endpoints, asio::redirect_error(asio::use_awaitable, failure));
  }
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
    const std::string why = failure ? failure.message() : "it closed the connection";
    co_return Failure(ErrorCode::kAbsent,
                      fmt::format("the Supervisor at {} cannot be reached: {}", supervisor.api, why));
  }
  co_return ParseServiceAnswer(answer);
}

}  // namespace aims
