// Asks one inverter for ever: opens the way to it, sends a request at its interval, and applies each outcome to its
// Inverter. The update goes to the listeners. A lost device is looked for again; nothing that the wire does ends it. In
// between it has commands passed on (command_sender.h).

#pragma once

#include <array>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/log_budget.h"
#include "base/log_level.h"
#include "base/log_once.h"
#include "inverter/command.h"
#include "inverter/inverter.h"
#include "inverter/options.h"
#include "inverter/wire_record.h"
#include "wire/command_sender.h"
#include "wire/link.h"
#include "wire/open.h"

namespace aims {

class Poller {
 public:
  using OnUpdate = std::function<void(const Update&)>;

  Poller(asio::any_io_executor executor, Resolver& resolver, const InverterOptions& options, Inverter& inverter,
         OnUpdate on_update);

  asio::awaitable<void> Run();

  // Passes `command` on with the next reading, one at a time; false: it will not be.
  bool OnCommand(Command command);

  const WireRecord& record() const { return record_; }

 private:
  asio::awaitable<void> Poll();
  asio::awaitable<void> SendCommands();
  bool IsAnswering() const;
  asio::awaitable<bool> Opened();
  void Heard(std::string_view bytes);
  void Apply(const Reading& reading);
  void Missed(const Error& error, std::string_view advice);
  void Gone(const Error& error);
  void Deliver(const Update& update);
  // What a line is about. Each has a budget of lines: neither the wire nor other clients can fill the disk.
  enum class About { kPower, kFlags, kConnection, kOrders };
  void Say(About about, const LogLine& line);
  void SayWhatWasLeftOut();
  bool IsNews(ErrorCode code);
  std::string AtStart(std::string_view advice) const;
  asio::awaitable<void> PauseBeforeOpen();

  asio::any_io_executor executor_;
  std::string name_;
  std::chrono::milliseconds poll_interval_;
  Inverter& inverter_;
  OnUpdate on_update_;
  Opener opener_;
  Link link_;
  WireRecord record_;
  CommandSender commands_;
  LogOncePerKind troubles_;
  std::array<LogBudget, 4> budgets_;  // by About
  std::string_view request_;          // asked now; the two forms take turns until one was answered
  std::string asked_;                 // what the log last said is asked
  int timeouts_ = 0;                  // in a row, of the connection that is open: nothing at all came back
  bool is_loss_told_ = false;         // and its end is worth a line
  Link::Clock::time_point silent_since_{};
  Link::Clock::time_point back_since_{};
};

}  // namespace aims
