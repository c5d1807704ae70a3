#include "mqtt/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/backoff.h"
#include "io/log.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

constexpr auto kSteadyAfter = 10s;   // a connection that stands for so long will not break at once
constexpr auto kShortestPause = 1s;  // between the end of one attempt and the next

}  // namespace

asio::awaitable<void> Session::Run() {
  Backoff backoff;
  while (true) {
    const Broker broker = co_await FindBroker();
    where_ = fmt::format("{}:{}", broker.host, broker.port);
    const std::string where = "the MQTT broker " + where_;
    const Time start = world_.now();
    const auto connected = co_await world_.connect(broker);
    if (connected) {
      co_await Stay(where, broker.tls);
      if (is_steady_) backoff.Reset();
    } else if (broker_troubles_.IsNew(connected.error().code)) {
      const std::string why = co_await WhyNot(broker, connected.error());
      log::Warning("no connection to {}: {}; trying again every 3 s", where, why);
    }
    const Time next = std::max<Time>(start + backoff.Next(), world_.now() + kShortestPause);
    co_await world_.wait_until(next);
  }
}

// Until the connection is lost.
asio::awaitable<void> Session::Stay(std::string where, bool has_tls) {
  const bool is_told = is_steady_;
  if (is_told) log::Info("connected to {}{}", where, has_tls ? " with TLS" : "");
  handlers_.on_connected();
  const Time steady_at = world_.now() + kSteadyAfter;
  auto lost = co_await world_.lost(steady_at);
  is_steady_ = !lost;
  if (is_steady_) {
    if (!is_told) log::Info("the connection to {} is steady again", where);
    broker_troubles_.Clear();
    lost = co_await world_.lost(Time::max());
  }
  handlers_.on_disconnected();
  if (broker_troubles_.IsNew(ErrorCode::kLinkDown)) {
    log::Warning("lost {}: {}; trying again", where, lost.value_or("the connection broke"));
  }
}

asio::awaitable<std::string> Session::WhyNot(Broker broker, Error error) {
  if (error.code != ErrorCode::kRefused) co_return error.message;
  co_return co_await world_.diagnose(broker, error.message);
}

// The broker of the options, or the Supervisor's, which is asked until it knows one. It is asked again before every
// attempt, because a reinstalled broker has another login.
asio::awaitable<Broker> Session::FindBroker() {
  if (!broker_.host.empty()) co_return broker_;
  Backoff backoff;
  while (true) {
    auto broker = co_await world_.find_broker();
    if (broker) {
      supervisor_troubles_.Clear();
      broker->ca_file = broker_.ca_file;
      co_return *broker;
    }
    if (supervisor_troubles_.IsNew(broker.error().message)) {
      log::Warning("waiting for an MQTT broker: {}", broker.error().message);
    }
    const Time next = world_.now() + backoff.Next();
    co_await world_.wait_until(next);
  }
}

}  // namespace aims
