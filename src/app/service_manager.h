// What systemd is told where the program is a service of Type=notify: that it is ready, that its loop still runs, and
// that it stops. A datagram each, as in sd_notify(3), "New-Style Daemons" in daemon(7), and sd_watchdog_enabled(3).

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>

namespace aims {

struct ServiceManager {
  std::string socket{};                   // $NOTIFY_SOCKET, a path or "@" and an abstract name; empty: there is none
  std::chrono::microseconds watchdog{0};  // $WATCHDOG_USEC: it restarts what is silent for so long; 0: it does not

  // `state`: assignments, such as "READY=1". One that cannot be sent at once is lost.
  void Tell(std::string_view state) const;
};

// "READY=1", and from then on "WATCHDOG=1" three times in each `watchdog`. Returns at once without one.
asio::awaitable<void> TellAlive(asio::any_io_executor executor, ServiceManager manager);

// Of this process's environment.
ServiceManager ServiceManagerFromEnvironment();

}  // namespace aims
