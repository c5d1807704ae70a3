#include "wire/command_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "inverter/sentences.h"
#include "io/pause.h"
#include "megatec/requests.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kQuietBeforeCommand = 100ms;
constexpr auto kAnswerLimit = 400ms;  // a unit that refuses has done so by then
constexpr auto kLongestWait = 5s;
constexpr auto kBetweenCommands = 2s;

}  // namespace

bool CommandSender::Take(Command command, Time now) {
  if (waiting_) {
    Refuse(command, "ignored: another command waits to be passed on", now);
    return false;
  }
  waiting_ = Waiting{command, now};
  return true;
}

std::optional<CommandSender::Time> CommandSender::due() const {
  if (!waiting_) return {};
  return std::max(waiting_->since, next_);
}

void CommandSender::DropOld(Time now) {
  if (waiting_ && now - waiting_->since >= kLongestWait) Drop("ignored: the inverter did not answer in time");
}

void CommandSender::Drop(const std::string& why) {
  if (!waiting_) return;
  const Waiting dropped = *std::exchange(waiting_, std::nullopt);
  Refuse(dropped.command, why, Clock::now());
}

void CommandSender::Refuse(Command command, const std::string& why, Time now) {
  if (refusals_.IsNew(fmt::format("{} {}", Name(command), why), now)) Say(LogLevel::kInfo, command, why);
}

asio::awaitable<Result<void>> CommandSender::Send(Link& link, Reading before) {
  const Command command = std::exchange(waiting_, std::nullopt)->command;
  if (IsSo(command, before)) {
    Refuse(command, "nothing to do: it is so already", Clock::now());
    co_return Result<void>();
  }
  const std::string request = megatec::RequestFor(command, delays_);
  co_await Pause(executor_, kQuietBeforeCommand);
  next_ = Clock::now() + kBetweenCommands;
  const auto answer = co_await link.Ask(request, kAnswerLimit);
  const bool is_lost = !answer && answer.error().code == ErrorCode::kLinkDown;
  if (is_lost) {
    Say(LogLevel::kWarning, command,
        fmt::format("sent {}, but the connection was lost; it may not have arrived", Printable(request)));
    co_return tl::unexpected<Error>(answer.error());
  }
  const bool is_refused = answer && megatec::IsRefusal(*answer, request);
  sent_ = Sent{command, request, before, is_refused};
  co_return Result<void>();
}

void CommandSender::Judge(const std::optional<Reading>& after) {
  if (!sent_) return;
  const Sent sent = *std::exchange(sent_, std::nullopt);
  const std::string what = fmt::format("sent {}", Printable(sent.request));
  if (after && Confirms(sent.command, sent.before, *after)) {
    Say(LogLevel::kInfo, sent.command, what + ", confirmed by the next reading");
  } else if (sent.is_refused) {
    Say(LogLevel::kWarning, sent.command, what + ", but the inverter refused it: it does not know this command");
  } else {
    Say(LogLevel::kInfo, sent.command, what + ", not confirmed");
  }
}

void CommandSender::Say(LogLevel level, Command command, const std::string& what) {
  say_({level, fmt::format("command {}: {}", Name(command), what)});
}

}  // namespace aims
