#include "wire/poller.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "inverter/sentences.h"
#include "io/clock.h"
#include "io/log.h"
#include "io/pause.h"
#include "megatec/q1.h"
#include "wire/advice.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using Clock = Link::Clock;

constexpr auto kWellAfter = 10s;  // an inverter that answers for so long is well

// No inverter goes on battery and back as often as these lines about the power would tell: all are written. Together no
// more than 60 lines in the first minute.
constexpr std::array<LogBudget, 4> kBudgets{LogBudget(16, 16), LogBudget(5, 5), LogBudget(4, 3), LogBudget(3, 3)};
constexpr std::array<std::string_view, 4> kAbouts{"the power", "its flags", "the connection", "commands"};

}  // namespace

Poller::Poller(asio::any_io_executor executor, Resolver& resolver, const InverterOptions& options, Inverter& inverter,
               OnUpdate on_update)
    : executor_(executor),
      name_(options.device.name),
      poll_interval_(options.poll_interval),
      inverter_(inverter),
      on_update_(std::move(on_update)),
      opener_(executor, resolver, options.address, options.baud_rate, options.battery),
      link_(executor),
      commands_(
          executor, [this](const LogLine& line) { Say(About::kOrders, line); }, options.delays),
      budgets_(kBudgets),
      request_(megatec::kStatusRequest) {}

asio::awaitable<void> Poller::Run() {
  while (true) {
    const bool is_open = co_await Opened();
    if (!is_open) continue;
    const auto start = Clock::now();
    co_await Poll();
    co_await SendCommands();
    if (opener_.IsBorrowed() && inverter_.misses() >= Inverter::kMissesUntilSilent) {
      link_.Close();
      Deliver(inverter_.Gone(Now()));
      co_await PauseBeforeOpen();
    } else if (opener_.IsNetwork() && timeouts_ >= Inverter::kMissesUntilSilent) {
      link_.Close();
    }
    if (!link_.is_open()) continue;
    const auto next = start + poll_interval_;
    const auto command = IsAnswering() ? commands_.due() : std::nullopt;
    const bool is_there = co_await link_.Rest(std::min<Clock::time_point>(next, command.value_or(next)));
    if (is_there) continue;
    Gone({ErrorCode::kLinkDown, "it was hung up"});
    co_await PauseBeforeOpen();
  }
}

// One request, and what came of it.
asio::awaitable<void> Poller::Poll() {
  const auto bytes = co_await link_.Ask(request_);
  if (bytes) {
    Heard(*bytes);
  } else if (bytes.error().code == ErrorCode::kLinkDown) {
    record_.OnMiss(Miss::kLinkLost);
    Gone(bytes.error());
    co_await PauseBeforeOpen();
  } else {
    record_.OnMiss(Miss::kNoAnswer);
    Missed(bytes.error(), Advice(bytes.error().code, opener_.address()));
  }
}

bool Poller::OnCommand(Command command) {
  const auto now = Clock::now();
  if (!inverter_.snapshot().connected) {
    commands_.Refuse(command, "ignored: the inverter does not answer", now);
    return false;
  }
  if (!commands_.Take(command, now)) return false;
  link_.Wake();
  return true;
}

// Right after a good reading: passes on what waits, and reads again.
asio::awaitable<void> Poller::SendCommands() {
  commands_.DropOld(Clock::now());
  while (commands_.due() && *commands_.due() <= Clock::now() && link_.is_open() && IsAnswering()) {
    const Reading before = *inverter_.snapshot().reading;
    const bool is_test = IsTest(*commands_.waiting());
    if (is_test) Deliver(inverter_.BeginTest(*commands_.waiting(), Now()));
    const auto sent = co_await commands_.Send(link_, before);
    if (is_test && commands_.is_refused()) Deliver(inverter_.DropTest(Now()));
    if (!sent) {
      Gone(sent.error());
      co_return co_await PauseBeforeOpen();
    }
    co_await Poll();
  }
}

// The last request was answered well.
bool Poller::IsAnswering() const { return inverter_.snapshot().connected && inverter_.misses() == 0; }

// Opens the link where it is not open. Where that fails, says so once, and waits a little.
asio::awaitable<bool> Poller::Opened() {
  if (link_.is_open()) co_return true;
  auto opened = co_await opener_.Open();
  timeouts_ = 0;
  if (opened) {
    link_.Adopt(std::move(*opened));
    const bool is_news = std::exchange(asked_, opener_.name()) != opener_.name();
    if (is_news) log::Info("{}: asking {}", name_, opener_.name());
    co_return true;
  }
  if (IsNews(opened.error().code)) {
    Say(About::kConnection, {LogLevel::kWarning, fmt::format("{}; looking for it every {}{}", opened.error().message,
                                                             InWords(opener_.PauseBeforeOpen()),
                                                             AtStart(Advice(opened.error().code, opener_.address())))});
  }
  Deliver(inverter_.Gone(Now()));
  co_await PauseBeforeOpen();
  co_return false;
}

void Poller::Heard(std::string_view bytes) {
  log::Debug("{}: < {}", name_, Printable(bytes));
  const auto reading = megatec::ParseReply(bytes, request_);
  record_.OnReply(bytes, reading ? "" : megatec::Describe(reading.error()), WallNow());
  if (reading) return Apply(*reading);
  const std::string what = fmt::format("{}: {}", megatec::Describe(reading.error()), Printable(bytes));
  Missed({ErrorCode::kBadReply, what}, Advice(reading.error()));
}

void Poller::Apply(const Reading& reading) {
  const auto now = Clock::now();
  const std::optional<Reading> before = inverter_.snapshot().reading;
  if (!inverter_.was_read()) {
    opener_.Keep();
    Say(About::kConnection, {LogLevel::kInfo, fmt::format("the inverter answers: {}", Summary(reading))});
  } else if (!before && std::exchange(is_loss_told_, false)) {
    Say(About::kConnection, {LogLevel::kInfo, fmt::format("the inverter answers again after {}: {}",
                                                          InWords(now - silent_since_), Summary(reading))});
  }
  if (!before) back_since_ = now;
  if (now - back_since_ >= kWellAfter) troubles_.Clear();
  timeouts_ = 0;
  Deliver(inverter_.Apply(reading, Now()));
  if (before) {
    for (const LogLine& line : Changes(*before, reading, inverter_.supply())) Say(About::kFlags, line);
  }
  commands_.Judge(reading);
}

void Poller::Missed(const Error& error, std::string_view advice) {
  log::Debug("{}: missed: {}", name_, error.message);
  timeouts_ = error.code == ErrorCode::kTimeout ? timeouts_ + 1 : 0;
  if (inverter_.snapshot().connected) silent_since_ = Clock::now();
  Deliver(inverter_.Missed(Now()));
  if (inverter_.misses() >= Inverter::kMissesUntilSilent && IsNews(error.code)) {
    const char* then =
        opener_.IsBorrowed() ? "trying again every 10 s, because it may be another device's adapter" : "still asking";
    Say(About::kConnection,
        {LogLevel::kWarning,
         fmt::format("{} requests in a row to {} without a good answer ({}); {}{}", Inverter::kMissesUntilSilent,
                     opener_.name(), error.message, then, AtStart(advice))});
  }
  if (inverter_.was_read()) return;
  const bool cr = request_ == megatec::kStatusRequest;
  request_ = cr ? megatec::kStatusRequestLf : megatec::kStatusRequest;
}

void Poller::Gone(const Error& error) {
  const auto now = Clock::now();
  if (IsNews(error.code)) {
    Say(About::kConnection, {LogLevel::kWarning, fmt::format("lost {} ({}); looking for it every {}", opener_.name(),
                                                             error.message, InWords(opener_.PauseBeforeOpen()))});
  }
  if (inverter_.snapshot().connected) silent_since_ = now;
  Deliver(inverter_.Gone(Now()));
}

// First the listeners, then the log, which may be slow.
void Poller::Deliver(const Update& update) {
  on_update_(update);
  for (const LogLine& line : update.lines) Say(About::kPower, line);
  SayWhatWasLeftOut();
  if (update.connection != Connection::kLost) return;
  commands_.Judge({});
  commands_.Drop("ignored: the inverter fell silent");
}

void Poller::Say(About about, const LogLine& line) {
  if (budgets_[static_cast<size_t>(about)].Take(Clock::now())) {
    log::Write(line.level, fmt::format("{}: {}", name_, line.text));
  }
}

void Poller::SayWhatWasLeftOut() {
  for (size_t i = 0; i < budgets_.size(); ++i) {
    const auto count = budgets_[i].LeftOut(Clock::now());
    if (count) log::Warning("{}: {} more lines about {} were left out in the last minute", name_, *count, kAbouts[i]);
  }
}

// True the first time that something is wrong. Of a line that comes and goes only the first loss is told, and one that
// lasts; and that a lost device is not there is no news.
bool Poller::IsNews(ErrorCode code) {
  const bool is_known = code == ErrorCode::kAbsent && troubles_.Has(ErrorCode::kLinkDown);
  const bool lasts = inverter_.was_read() && !inverter_.snapshot().connected && !is_loss_told_ &&
                     Clock::now() - silent_since_ >= kWellAfter;
  const bool is_news = lasts || (!is_known && troubles_.IsNew(code));
  is_loss_told_ = is_loss_told_ || is_news;
  return is_news;
}

// Advice about a way that has never worked; one that worked needs none.
std::string Poller::AtStart(std::string_view advice) const {
  return inverter_.was_read() || advice.empty() ? "" : fmt::format(". {}", advice);
}

asio::awaitable<void> Poller::PauseBeforeOpen() { return Pause(executor_, opener_.PauseBeforeOpen()); }

}  // namespace aims
