#include "wire/poller.h"

#include <fmt/format.h>

#include <utility>

#include "inverter/sentences.h"
#include "io/log.h"
#include "io/pause.h"
#include "megatec/q1.h"
#include "wire/advice.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using Clock = Link::Clock;

constexpr auto kWellAfter = 10s;  // an inverter that answers for so long is well

constexpr auto kQuietBeforeCommand = 100ms;
constexpr auto kCommandLimit = 400ms;  // whoever refuses has done so by then
constexpr auto kOrderLimit = 5s;       // what could not be passed on by then is no longer wanted

}  // namespace

Poller::Poller(asio::any_io_executor executor, const InverterOptions& options, Inverter& inverter, OnDue on_due)
    : executor_(executor),
      name_(options.device.name),
      poll_interval_(options.poll_interval),
      inverter_(inverter),
      on_due_(std::move(on_due)),
      link_(executor, options.address, options.baud_rate),
      request_(megatec::kStatusRequest),
      delays_(options.delays) {}

asio::awaitable<void> Poller::Run() {
  while (true) {
    const bool is_open = co_await Opened();
    if (!is_open) continue;
    const auto start = Clock::now();
    co_await Poll();
    const bool is_old = order_ && Clock::now() - order_->since >= kOrderLimit;
    if (is_old) DropOrder("ignored: the inverter did not answer in time");
    while (order_ && link_.is_open() && misses_ == 0) co_await Obey();
    if (link_.IsBorrowed() && misses_ >= Inverter::kMissesUntilSilent) {
      link_.Close();
      co_await PauseBeforeOpen();
    } else if (link_.IsNetwork() && timeouts_ >= Inverter::kMissesUntilSilent) {
      link_.Close();
    }
    if (!link_.is_open()) continue;
    const bool is_there = co_await link_.Rest(start + poll_interval_);
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
    Gone(bytes.error());
    co_await PauseBeforeOpen();
  } else {
    Missed(bytes.error(), Advice(bytes.error().code));
  }
}

void Poller::Order(Command command) {
  if (!inverter_.snapshot().connected) {
    return Refuse(command, "ignored: the inverter does not answer");
  }
  if (order_) return Refuse(command, "ignored: another command waits to be passed on");
  order_ = Waiting{command, Clock::now()};
  link_.Wake();
}

void Poller::DropOrder(const std::string& why) {
  if (order_) Refuse(std::exchange(order_, std::nullopt)->command, why);
}

// Right after a good reading: passes the command on, and reads again.
asio::awaitable<void> Poller::Obey() {
  const Command command = std::exchange(order_, std::nullopt)->command;
  const Reading before = *inverter_.snapshot().reading;
  if (IsSo(command, before)) co_return Refuse(command, "nothing to do: it is so already");
  const std::string request = Request(command, delays_);
  co_await Pause(executor_, kQuietBeforeCommand);
  const auto answer = co_await link_.Ask(request, kCommandLimit);
  const bool is_lost = !answer && answer.error().code == ErrorCode::kLinkDown;
  const bool is_refused = answer && IsRefusal(*answer, request);
  const std::string sent = fmt::format("sent {}", Printable(request));
  if (is_lost) {
    Gone(answer.error());
    Answer(LogLevel::kWarning, command,
           sent + ", but the way to the inverter was lost: nobody knows whether it arrived");
    co_return co_await PauseBeforeOpen();
  }
  co_await Poll();
  const std::optional<Reading>& after = inverter_.snapshot().reading;
  const bool is_confirmed = after && misses_ == 0 && Confirms(command, before, *after);
  if (is_confirmed) {
    Answer(LogLevel::kInfo, command, sent + ", confirmed by the next reading");
  } else if (is_refused) {
    Answer(LogLevel::kWarning, command, sent + ", but the inverter refused it: it does not know this command");
  } else {
    Answer(LogLevel::kInfo, command, sent + ", not confirmed");
  }
}

// What became of a command.
void Poller::Answer(LogLevel level, Command command, const std::string& what) {
  log::Write(level, fmt::format("{}: command {}: {}", name_, Name(command), what));
}

// Why nothing is sent, which anybody can have us say as often as they like.
void Poller::Refuse(Command command, const std::string& why) {
  if (refusals_.IsNew(fmt::format("{} {}", Name(command), why), Clock::now())) Answer(LogLevel::kInfo, command, why);
}

// Opens the link where it is not open. Where that fails, says so once, and waits a little.
asio::awaitable<bool> Poller::Opened() {
  if (link_.is_open()) co_return true;
  const auto opened = co_await link_.Open();
  misses_ = 0;
  timeouts_ = 0;
  if (opened) {
    const bool is_news = std::exchange(asked_, link_.name()) != link_.name();
    if (is_news) log::Info("{}: asking {}", name_, link_.name());
    co_return true;
  }
  if (IsNews(opened.error().code)) {
    log::Warning("{}: {}; looking for it every {}{}", name_, opened.error().message, InWords(link_.PauseBeforeOpen()),
                 AtStart(Advice(opened.error().code)));
  }
  Deliver(inverter_.Gone(Now()));
  co_await PauseBeforeOpen();
  co_return false;
}

void Poller::Heard(std::string_view bytes) {
  log::Debug("{}: < {}", name_, Printable(bytes));
  const auto reading = megatec::ParseReply(bytes, request_);
  if (reading) return Read(*reading);
  const std::string what = fmt::format("{}: {}", megatec::Describe(reading.error()), Printable(bytes));
  Missed({ErrorCode::kBadReply, what}, Advice(reading.error()));
}

void Poller::Read(const Reading& reading) {
  const auto now = Clock::now();
  const std::optional<Reading> before = inverter_.snapshot().reading;
  if (!inverter_.was_read()) {
    link_.Keep();
    log::Info("{}: the inverter answers: {}", name_, Summary(reading));
  } else if (!before && std::exchange(is_loss_told_, false)) {
    log::Info("{}: the inverter answers again after {}: {}", name_, InWords(now - silent_since_), Summary(reading));
  }
  if (!before) back_since_ = now;
  if (before) {
    for (const Entry& entry : Changes(*before, reading))
      log::Write(entry.level, fmt::format("{}: {}", name_, entry.text));
  }
  if (now - back_since_ >= kWellAfter) troubles_.Clear();
  misses_ = 0;
  timeouts_ = 0;
  Deliver(inverter_.Read(reading, Now()));
}

void Poller::Missed(const Error& error, std::string_view advice) {
  const auto now = Clock::now();
  log::Debug("{}: missed: {}", name_, error.message);
  timeouts_ = error.code == ErrorCode::kTimeout ? timeouts_ + 1 : 0;
  if (++misses_ >= Inverter::kMissesUntilSilent && IsNews(error.code)) {
    log::Warning(
        "{}: {} requests in a row to {} without a good answer ({}); {}{}", name_, Inverter::kMissesUntilSilent,
        link_.name(), error.message,
        link_.IsBorrowed() ? "leaving it alone for 10 s at a time, for it may be another device's" : "asking on",
        AtStart(advice));
  }
  if (!inverter_.was_read()) {
    const bool cr = request_ == megatec::kStatusRequest;
    request_ = cr ? megatec::kStatusRequestLf : megatec::kStatusRequest;
  }
  if (inverter_.snapshot().connected) silent_since_ = now;
  Deliver(inverter_.Missed(Now()));
}

void Poller::Gone(const Error& error) {
  const auto now = Clock::now();
  if (IsNews(error.code)) {
    log::Warning("{}: lost {} ({}); looking for it every {}", name_, link_.name(), error.message,
                 InWords(link_.PauseBeforeOpen()));
  }
  if (inverter_.snapshot().connected) silent_since_ = now;
  Deliver(inverter_.Gone(Now()));
}

// First whoever listens, then the log, which may be slow.
void Poller::Deliver(const Due& due) {
  on_due_(due);
  for (const Entry& entry : due.lines) log::Write(entry.level, fmt::format("{}: {}", name_, entry.text));
  if (due.tell == Tell::kOffline) DropOrder("ignored: the inverter fell silent");
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

asio::awaitable<void> Poller::PauseBeforeOpen() { return Pause(executor_, link_.PauseBeforeOpen()); }

}  // namespace aims
