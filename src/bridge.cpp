#include "bridge.h"

#include <fmt/format.h>

#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <random>
#include <utility>

#include "diagnosis.h"
#include "documents.h"
#include "journal.h"
#include "log.h"
#include "megatec.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using Clock = Link::Clock;

constexpr auto kSteadyAfter = 10s;
constexpr int kLongestBirthPause = 3000;  // ms: not everybody at once when Home Assistant comes back

void Rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

std::string RandomClientId(const std::string& base) { return fmt::format("{}-{:08x}", base, std::random_device{}()); }

// Room for two announcements of everything.
int MostUnacknowledged(size_t inverters) { return 64 + 8 * static_cast<int>(inverters); }

std::string Duration(Clock::duration time) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(time).count();
  if (seconds < 120) return fmt::format("{} s", seconds);
  return seconds < 7200 ? fmt::format("{} min", seconds / 60) : fmt::format("{} h", seconds / 3600);
}

}  // namespace

Bridge::Watched::Watched(asio::any_io_executor executor, const InverterOptions& settings)
    : options(settings),
      link(std::move(executor), settings.address, settings.baud_rate),
      inverter(settings.poll_interval, settings.report_interval),
      request(megatec::kStatusRequest) {}

Bridge::Bridge(asio::any_io_executor executor, Options options, Supervisor supervisor)
    : executor_(executor),
      options_(std::move(options)),
      supervisor_(std::move(supervisor)),
      mqtt_(executor, RandomClientId(options_.topics.base), MostUnacknowledged(options_.inverters.size()),
            {[this](const Mqtt::Message& message) { Listen(message); }, [this] { Announce(); }}) {
  for (const InverterOptions& inverter : options_.inverters) {
    inverters_.push_back(std::make_unique<Watched>(executor, inverter));
  }
}

void Bridge::Start() {
  for (const auto& watched : inverters_) asio::co_spawn(executor_, Watch(*watched), Rethrow);
  asio::co_spawn(executor_, KeepBroker(), Rethrow);
}

asio::awaitable<void> Bridge::Stop(std::chrono::milliseconds limit) {
  const bool is_said = mqtt_.Publish(options_.topics.Bridge(), std::string(kOfflinePayload), Retain::kYes);
  if (is_said) co_await mqtt_.Leave(Clock::now() + limit);  // otherwise the will has to say it
}

// ---- The inverters ----

asio::awaitable<void> Bridge::Watch(Watched& watched) {
  while (true) {
    const bool is_open = co_await Opened(watched);
    if (!is_open) continue;
    const auto start = Clock::now();
    const auto bytes = co_await watched.link.Ask(watched.request);
    if (bytes) {
      Heard(watched, *bytes);
    } else if (bytes.error().code == ErrorCode::kLinkDown) {
      Gone(watched, bytes.error());
      co_await Pause(watched.link.PauseBeforeOpen());
    } else {
      Missed(watched, bytes.error());
    }
    if (watched.link.IsBorrowed() && watched.misses >= Inverter::kMissesUntilSilent) {
      watched.link.Close();
      co_await Pause(watched.link.PauseBeforeOpen());
    } else if (watched.link.IsNetwork() && watched.timeouts >= Inverter::kMissesUntilSilent) {
      watched.link.Close();
    }
    if (!watched.link.is_open()) continue;
    const bool is_there = co_await watched.link.Rest(start + watched.options.poll_interval);
    if (is_there) continue;
    Gone(watched, {ErrorCode::kLinkDown, "it was hung up"});
    co_await Pause(watched.link.PauseBeforeOpen());
  }
}

// Opens the link where it is not open. Where that fails, says so once, and waits a little.
asio::awaitable<bool> Bridge::Opened(Watched& watched) {
  if (watched.link.is_open()) co_return true;
  const auto opened = co_await watched.link.Open();
  watched.misses = 0;
  watched.timeouts = 0;
  const std::string& name = watched.options.device.name;
  if (opened) {
    const bool is_news = std::exchange(watched.asked, watched.link.name()) != watched.link.name();
    if (is_news) log::Info("{}: asking {}", name, watched.link.name());
    co_return true;
  }
  // That a lost device is not there is no news.
  const bool is_known = opened.error().code == ErrorCode::kAbsent && watched.troubles.Has(ErrorCode::kLinkDown);
  if (!is_known && watched.troubles.IsNew(opened.error().code)) {
    log::Warning("{}: {}; looking for it every {}", name, opened.error().message,
                 Duration(watched.link.PauseBeforeOpen()));
  }
  Publish(watched, watched.inverter.Gone(Clock::now()));
  co_await Pause(watched.link.PauseBeforeOpen());
  co_return false;
}

void Bridge::Heard(Watched& watched, std::string_view bytes) {
  log::Debug("{}: < {}", watched.options.device.name, Printable(bytes));
  const auto reading = megatec::ParseReply(bytes, watched.request);
  if (reading) return Read(watched, *reading);
  Missed(watched, {ErrorCode::kBadReply, fmt::format("{}: {}", megatec::Describe(reading.error()), Printable(bytes))});
}

void Bridge::Read(Watched& watched, const Reading& reading) {
  const std::string& name = watched.options.device.name;
  const auto now = Clock::now();
  const std::optional<Reading> before = watched.inverter.snapshot().reading;
  if (!watched.inverter.was_read()) {
    watched.link.Keep();
    log::Info("{}: the inverter answers: {}", name, Summary(reading));
    if (!reading.utility_power) log::Warning("{}: it runs on battery", name);
    mqtt_.Unsubscribe(options_.topics.State(watched.options.device));
  } else if (!before) {
    log::Info("{}: the inverter answers again after {}: {}", name, Duration(now - watched.silent_since),
              Summary(reading));
  }
  if (before) {
    for (const Entry& entry : Changes(*before, reading))
      log::Write(entry.level, fmt::format("{}: {}", name, entry.text));
  }
  watched.troubles.Clear();
  watched.misses = 0;
  watched.timeouts = 0;
  Publish(watched, watched.inverter.Read(reading, now));
}

void Bridge::Missed(Watched& watched, const Error& error) {
  const auto now = Clock::now();
  log::Debug("{}: missed: {}", watched.options.device.name, error.message);
  watched.timeouts = error.code == ErrorCode::kTimeout ? watched.timeouts + 1 : 0;
  if (++watched.misses >= Inverter::kMissesUntilSilent && watched.troubles.IsNew(error.code)) {
    log::Warning("{}: {} requests in a row to {} without a good answer ({}); {}", watched.options.device.name,
                 Inverter::kMissesUntilSilent, watched.link.name(), error.message,
                 watched.link.IsBorrowed() ? "leaving it alone for 10 s at a time, for it may be another device's"
                                           : "asking on");
  }
  if (!watched.inverter.was_read()) {
    const bool cr = watched.request == megatec::kStatusRequest;
    watched.request = cr ? megatec::kStatusRequestLf : megatec::kStatusRequest;
  }
  if (watched.inverter.snapshot().connected) watched.silent_since = now;
  Publish(watched, watched.inverter.Missed(now));
}

void Bridge::Gone(Watched& watched, const Error& error) {
  const auto now = Clock::now();
  if (watched.troubles.IsNew(error.code)) {
    log::Warning("{}: lost {} ({}); looking for it every {}", watched.options.device.name, watched.link.name(),
                 error.message, Duration(watched.link.PauseBeforeOpen()));
  }
  if (watched.inverter.snapshot().connected) watched.silent_since = now;
  Publish(watched, watched.inverter.Gone(now));
}

// ---- The broker ----

asio::awaitable<void> Bridge::KeepBroker() {
  Backoff backoff;
  bool is_steady = true;  // the last connection did not break at once; else it is not worth a line that it is there
  while (true) {
    const Broker broker = co_await FindBroker();
    const std::string where = fmt::format("the MQTT broker {}:{}", broker.host, broker.port);
    const auto connected = co_await mqtt_.Connect(broker, options_.topics.Bridge());
    if (connected) {
      const bool is_told = is_steady;
      if (is_told) log::Info("connected to {}{}", where, broker.tls ? " with TLS" : "");
      Greet();
      auto lost = co_await mqtt_.Lost(Clock::now() + kSteadyAfter);
      is_steady = !lost;
      if (is_steady) {
        if (!is_told) log::Info("the connection to {} is steady again", where);
        broker_troubles_.Clear();
        backoff.Reset();
        lost = co_await mqtt_.Lost();
      }
      if (broker_troubles_.IsNew(ErrorCode::kLinkDown)) log::Warning("lost {}: {}; trying again", where, *lost);
    } else if (broker_troubles_.IsNew(connected.error().code)) {
      std::string why = connected.error().message;
      if (connected.error().code == ErrorCode::kRefused) why = co_await Diagnose(executor_, broker, why);
      log::Warning("no connection to {}: {}; trying again every 3 s", where, why);
    }
    co_await Pause(backoff.Next());
  }
}

// The broker of the options, or the Supervisor's, which is asked until it knows one. It is asked again before every
// attempt, because a reinstalled broker has another login.
asio::awaitable<Broker> Bridge::FindBroker() {
  if (!options_.broker.host.empty()) co_return options_.broker;
  Backoff backoff;
  while (true) {
    auto broker = co_await AskForBroker(executor_, supervisor_);
    if (broker) {
      supervisor_troubles_.Clear();
      broker->ca_file = options_.broker.ca_file;
      co_return *broker;
    }
    if (supervisor_troubles_.IsNew(broker.error().code)) {
      log::Warning("waiting for an MQTT broker: {} (or set mqtt.host)", broker.error().message);
    }
    co_await Pause(backoff.Next());
  }
}

// What we want to hear, and then all that we know.
void Bridge::Greet() {
  mqtt_.Subscribe(options_.birth_topic);
  for (const auto& watched : inverters_) {
    if (!watched->inverter.was_read()) mqtt_.Subscribe(options_.topics.State(watched->options.device));
  }
  Announce();
}

void Bridge::Listen(const Mqtt::Message& message) {
  if (message.topic == options_.birth_topic) {
    if (message.payload != options_.birth_payload || announcing_) return;
    announcing_ = true;
    asio::co_spawn(executor_, AnnounceSoon(), Rethrow);
    return;
  }
  // A state that an earlier run left behind would be shown as live: it is taken back.
  for (const auto& watched : inverters_) {
    const bool is_old = message.retained && !watched->inverter.was_read() && !message.payload.empty();
    if (is_old && message.topic == options_.topics.State(watched->options.device)) PublishState(*watched);
  }
}

asio::awaitable<void> Bridge::AnnounceSoon() {
  std::uniform_int_distribution<int> pause(0, kLongestBirthPause);
  std::random_device random;
  co_await Pause(std::chrono::milliseconds(pause(random)));
  announcing_ = false;
  log::Debug("Home Assistant has started: telling it everything again");
  Announce();
}

// Everything, so that whoever knew nothing knows all: what is old is called so before anything is called online.
void Bridge::Announce() {
  for (const auto& watched : inverters_) {
    if (!watched->inverter.was_read()) PublishLink(*watched);
  }
  for (const auto& watched : inverters_) {
    const Device& device = watched->options.device;
    mqtt_.Publish(options_.topics.Discovery(device), DiscoveryDocument(options_.topics, device, AIMS_VERSION),
                  Retain::kYes);
  }
  PublishAll();
  mqtt_.Publish(options_.topics.Bridge(), std::string(kOnlinePayload), Retain::kYes);
}

void Bridge::PublishAll() {
  for (const auto& watched : inverters_) {
    if (!watched->inverter.was_read()) continue;
    Publish(*watched, watched->inverter.snapshot().connected ? Tell::kOnline : Tell::kOffline);
    watched->inverter.Told(Clock::now());
  }
}

void Bridge::Publish(const Watched& watched, Tell tell) {
  if (tell == Tell::kNothing) return;
  if (tell == Tell::kOffline) PublishLink(watched);
  PublishState(watched);
  if (tell == Tell::kOnline) PublishLink(watched);
}

void Bridge::PublishState(const Watched& watched) {
  mqtt_.Publish(options_.topics.State(watched.options.device), StateDocument(watched.inverter.snapshot()),
                Retain::kYes);
}

void Bridge::PublishLink(const Watched& watched) {
  const std::string payload(watched.inverter.snapshot().connected ? kOnlinePayload : kOfflinePayload);
  mqtt_.Publish(options_.topics.Link(watched.options.device), payload, Retain::kYes);
}

asio::awaitable<void> Bridge::Pause(std::chrono::steady_clock::duration time) {
  asio::steady_timer timer(executor_);
  std::error_code ignored;
  timer.expires_after(time);
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace aims
