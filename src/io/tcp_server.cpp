#include "io/tcp_server.h"

#include <asio/ip/v6_only.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "io/log.h"
#include "io/pause.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr auto kTryAgain = 10s;
constexpr auto kNoDescriptors = 1s;  // until some are free again

}  // namespace

asio::awaitable<void> TcpServer::Run() {
  bool is_told = false;
  while (true) {
    std::error_code failure = Listen(tcp::v6());
    if (failure == std::errc::address_family_not_supported) failure = Listen(tcp::v4());
    if (!failure) {
      log::Info("{}: listening at port {}", name_, port_);
      co_await Accept();
    }
    if (!std::exchange(is_told, true)) {
      log::Warning("{}: cannot listen at port {} ({}). Does another program use it? Trying again every {} s", name_,
                   port_, failure.message(), kTryAgain / 1s);
    }
    co_await Pause(acceptor_.get_executor(), kTryAgain);
  }
}

// A socket of IPv6 takes connections of IPv4, too.
std::error_code TcpServer::Listen(tcp protocol) {
  std::error_code failure, ignored;
  acceptor_.open(protocol, failure);
  if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure && protocol == tcp::v6()) acceptor_.set_option(asio::ip::v6_only(false), failure);
  if (!failure) acceptor_.bind({protocol, port_}, failure);
  if (!failure) acceptor_.listen(tcp::acceptor::max_listen_connections, failure);
  if (failure) acceptor_.close(ignored);
  return failure;
}

// For ever: a connection that ends before it is taken, or for which there is no descriptor, ends nothing.
asio::awaitable<void> TcpServer::Accept() {
  while (true) {
    std::error_code failure;
    tcp::socket socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failure));
    if (!failure) {
      on_connection_(std::move(socket));
    } else if (failure != std::errc::connection_aborted) {
      co_await Pause(acceptor_.get_executor(), kNoDescriptors);
    }
  }
}

std::string AddressOf(const tcp::socket& socket) {
  std::error_code failure;
  const asio::ip::address address = socket.remote_endpoint(failure).address();
  if (failure) return "";
  const bool is_v4 = address.is_v6() && address.to_v6().is_v4_mapped();
  return (is_v4 ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()) : address).to_string();
}

}  // namespace aims
