// Asks one inverter for ever: opens the way to it, sends a request at its interval, and hands each outcome to its
// Inverter. What that makes due goes to whoever listens. A lost device is looked for again; nothing that the wire does
// ends it. In between it passes on a command, and looks at the next reading for what became of it.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/log_once.h"
#include "base/log_throttle.h"
#include "inverter/command.h"
#include "inverter/inverter.h"
#include "options/options.h"
#include "wire/link.h"

namespace aims {

class Poller {
 public:
  using OnDue = std::function<void(const Due&)>;

  Poller(asio::any_io_executor executor, const InverterOptions& options, Inverter& inverter, OnDue on_due);

  asio::awaitable<void> Run();

  // Passes `command` on with the next reading, one at a time.
  void Order(Command command);

 private:
  struct Waiting {
    Command command;
    Link::Clock::time_point since;
  };

  asio::awaitable<void> Poll();
  asio::awaitable<void> Obey();
  void DropOrder(const std::string& why);
  void Answer(LogLevel level, Command command, const std::string& what);
  void Refuse(Command command, const std::string& why);
  asio::awaitable<bool> Opened();
  void Heard(std::string_view bytes);
  void Read(const Reading& reading);
  void Missed(const Error& error, std::string_view advice);
  void Gone(const Error& error);
  void Deliver(const Due& due);
  bool IsNews(ErrorCode code);
  std::string AtStart(std::string_view advice) const;
  asio::awaitable<void> PauseBeforeOpen();

  asio::any_io_executor executor_;
  std::string name_;
  std::chrono::milliseconds poll_interval_;
  Inverter& inverter_;
  OnDue on_due_;
  Link link_;
  Troubles troubles_;
  std::string_view request_;   // asked now; the two forms take turns until one was answered
  std::string asked_;          // what the log last said is asked
  int misses_ = 0;             // in a row, of what is open now
  int timeouts_ = 0;           // the same, of those to which nothing at all came back
  bool is_loss_told_ = false;  // and its end is worth a line
  Link::Clock::time_point silent_since_{};
  Link::Clock::time_point back_since_{};
  ShutdownDelays delays_;
  std::optional<Waiting> order_;
  Repeats refusals_;
};

}  // namespace aims
