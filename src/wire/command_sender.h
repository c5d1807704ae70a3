// Passes commands on to one inverter, one at a time, right after a good reading, and tells from the next reading what
// became of each. A command is sent once: `Q` turns the beeper over, so what was not confirmed is not tried again.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/log_level.h"
#include "base/log_once.h"
#include "base/result.h"
#include "inverter/command.h"
#include "inverter/reading.h"
#include "wire/link.h"

namespace aims {

class CommandSender {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `say` writes a line of the inverter's into the log.
  CommandSender(asio::any_io_executor executor, std::function<void(const LogLine&)> say, const ShutdownDelays& delays)
      : executor_(executor), say_(std::move(say)), delays_(delays) {}

  // Takes `command`, unless another one waits; true: it waits to be sent.
  bool Take(Command command, Time now);
  // When what waits may be sent; nothing: nothing waits.
  std::optional<Time> due() const;
  // What waits; nothing: nothing does.
  std::optional<Command> waiting() const { return waiting_ ? std::optional(waiting_->command) : std::nullopt; }
  // The inverter said so of what was sent last, before the next reading.
  bool is_refused() const { return sent_ && sent_->is_refused; }
  // What could not be sent in time is no longer wanted.
  void DropOld(Time now);
  void Drop(const std::string& why);
  // Says why nothing is sent, which any client can have us say as often as it likes: so not every time.
  void Refuse(Command command, const std::string& why, Time now);

  // Sends what waits over `link`, or finds that there is nothing to do; `before`: the reading right before it.
  // kLinkDown: the way was lost, and the owner was told.
  asio::awaitable<Result<void>> Send(Link& link, Reading before);
  // Says what became of what was sent, by the next good reading; nothing: the inverter fell silent before that.
  void Judge(const std::optional<Reading>& after);

 private:
  struct Waiting {
    Command command;
    Time since;
  };
  struct Sent {
    Command command;
    std::string request;
    Reading before;
    bool is_refused;
  };

  void Say(LogLevel level, Command command, const std::string& what);

  asio::any_io_executor executor_;
  std::function<void(const LogLine&)> say_;
  ShutdownDelays delays_;
  std::optional<Waiting> waiting_;
  std::optional<Sent> sent_;
  Time next_{};  // not before, for the inverter's sake
  LogThrottle refusals_;
};

}  // namespace aims
