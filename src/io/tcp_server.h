// Listens at a TCP port of all addresses, of IPv6, too, where the host has it, and hands over each connection. A port
// that another program holds is said once, and tried again every 10 s.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>

namespace aims {

class TcpServer {
 public:
  using OnConnection = std::function<void(asio::ip::tcp::socket)>;

  // `name`: what the log calls it.
  TcpServer(const asio::any_io_executor& executor, std::string name, uint16_t port, OnConnection on_connection)
      : acceptor_(executor), name_(std::move(name)), port_(port), on_connection_(std::move(on_connection)) {}

  asio::awaitable<void> Run();

 private:
  std::error_code Listen(asio::ip::tcp protocol);
  asio::awaitable<void> Accept();

  asio::ip::tcp::acceptor acceptor_;
  std::string name_;
  uint16_t port_;
  OnConnection on_connection_;
};

// The address of the other end, as people write it: "192.168.1.20", also where it came to an IPv6 socket. Empty: it is
// gone already.
std::string AddressOf(const asio::ip::tcp::socket& socket);

}  // namespace aims
