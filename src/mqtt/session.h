// Keeps the connection to a broker for ever: finds one, connects, waits until the connection is lost, and tries again.
// It says in the log what the owner has to know of that, each thing once. What is said over the connection is
// publisher.h's.

#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/log_once.h"
#include "base/result.h"
#include "mqtt/options.h"

namespace aims {

class Session {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // What it needs of the world. A test gives it a broker and a clock of its own.
  struct World {
    std::function<asio::awaitable<Result<Broker>>()>
        find_broker;  // the Supervisor's; asked where the options name none
    std::function<asio::awaitable<Result<void>>(const Broker& broker)> connect;
    // Waits until the connection is lost, at most until `limit`; why it was lost, or nothing while it stands.
    std::function<asio::awaitable<std::optional<std::string>>(Time limit)> lost;
    // Looks for the reason of a failed connect, and says `otherwise` where it finds none.
    std::function<asio::awaitable<std::string>(const Broker& broker, const std::string& otherwise)> diagnose;
    std::function<asio::awaitable<void>(Time time)> wait_until;
    std::function<Time()> now;
  };

  struct Handlers {
    std::function<void()> on_connected;
    std::function<void()> on_disconnected;
  };

  // `broker`: by hand; without a host, the one that is found.
  Session(World world, Broker broker, Handlers handlers)
      : world_(std::move(world)), broker_(std::move(broker)), handlers_(std::move(handlers)) {}

  asio::awaitable<void> Run();

  // The broker of the newest attempt, as "192.168.1.10:1883"; empty: none is known yet.
  const std::string& where() const { return where_; }

 private:
  asio::awaitable<Broker> FindBroker();
  asio::awaitable<void> Stay(std::string where, bool has_tls);
  asio::awaitable<std::string> WhyNot(Broker broker, Error error);

  World world_;
  Broker broker_;
  std::string where_;
  Handlers handlers_;
  // The last connection did not break at once; else it is not worth a line that there is one.
  bool is_steady_ = true;
  LogOncePerKind broker_troubles_;
  LogOncePerLine supervisor_troubles_;
};

}  // namespace aims
