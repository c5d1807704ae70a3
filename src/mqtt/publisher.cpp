#include "mqtt/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "base/backoff.h"
#include "homeassistant/documents.h"
#include "io/log.h"
#include "io/pause.h"
#include "io/spawn.h"
#include "mqtt/diagnosis.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A connection that stands for so long will not break at once; and by then most who listen have found the broker, too.
constexpr auto kSteadyAfter = 10s;
// Home Assistant tries every 10 s. What was told in so long after a connect, before it announced itself, it may have
// missed.
constexpr auto kEverybodyIsBackAfter = 60s;
constexpr auto kBeforeContradiction = 1s;
// The state of an event entity is the time of arrival in milliseconds; automations miss one of two in the same.
constexpr auto kBetweenEvents = 100ms;
constexpr auto kShortestPause = 1s;    // between the end of one attempt and the next
constexpr auto kTimeToSubscribe = 1s;  // for entities that were just made
constexpr size_t kMostGhostsAtOnce = 8;
constexpr int kLongestBirthPause = 3000;  // ms: not everybody at once when Home Assistant comes back

std::string RandomHex() { return fmt::format("{:08x}", std::random_device{}()); }

// Room for two announcements of everything.
int MostUnacknowledged(size_t inverters) { return 64 + 8 * static_cast<int>(inverters); }

}  // namespace

Publisher::Publisher(asio::any_io_executor executor, const Options& options, Supervisor supervisor,
                     const std::string& data_directory, std::deque<Inverter>& inverters, OnCommand on_command)
    : executor_(executor),
      topics_(options.topics),
      broker_(options.broker),
      birth_topic_(options.birth_topic),
      birth_payload_(options.birth_payload),
      supervisor_(std::move(supervisor)),
      inverters_(inverters),
      on_command_(std::move(on_command)),
      mqtt_(executor, fmt::format("{}-{}", topics_.base, RandomHex()), MostUnacknowledged(inverters.size()),
            {[this](const Mqtt::Message& message) { Listen(message); }, [this] { Announce(); },
             [this](int token) { Told(token); },
             [](const std::string& why) { log::Warning("ignored what was sent to us over MQTT: {}", why); }}),
      ledger_file_(data_directory, "announced.json"),
      ledger_(ledger_file_.Load<Ledger>()),
      outbox_file_(data_directory, "events.json"),
      outbox_(outbox_file_.Load<Outbox>()),
      run_(RandomHex()) {
  for (const Inverter& inverter : inverters_)
    announced_.push_back({topics_, inverter.device().id, inverter.device().allowed});
  ledger_.Add(announced_);
  const auto is_ours = [this](const PowerEvent& event) {
    return std::any_of(announced_.begin(), announced_.end(), [&](const auto& one) { return one.id == event.inverter; });
  };
  const size_t strangers = outbox_.KeepOnly(is_ours);
  if (strangers > 0) log::Info("{} events are of inverters that the options no longer hold: forgotten", strangers);
  Keep();
}

asio::awaitable<void> Publisher::Run() {
  Backoff backoff;
  bool is_steady = true;  // the last connection did not break at once; else it is not worth a line that it is there
  while (true) {
    const Broker broker = co_await FindBroker();
    const std::string where = fmt::format("the MQTT broker {}:{}", broker.host, broker.port);
    const auto start = Clock::now();
    const auto connected = co_await mqtt_.Connect(broker, topics_.Bridge());
    if (connected) {
      const bool is_told = is_steady;
      connected_at_ = Clock::now();
      if (is_told) log::Info("connected to {}{}", where, broker.tls ? " with TLS" : "");
      Greet();
      auto lost = co_await mqtt_.Lost(Clock::now() + kSteadyAfter);
      is_steady = !lost;
      if (is_steady) {
        if (!is_told) log::Info("the connection to {} is steady again", where);
        broker_troubles_.Clear();
        backoff.Reset();
        is_heard_ = true;
        SendEvents();
        lost = co_await mqtt_.Lost();
      }
      Forsaken();
      if (broker_troubles_.IsNew(ErrorCode::kLinkDown)) log::Warning("lost {}: {}; trying again", where, *lost);
    } else if (broker_troubles_.IsNew(connected.error().code)) {
      const std::string why = co_await WhyNot(broker, connected.error());
      log::Warning("no connection to {}: {}; trying again every 3 s", where, why);
    }
    const auto next = std::max(start + backoff.Next(), Clock::now() + kShortestPause);
    co_await PauseUntil(executor_, next);
  }
}

// What was true of the connection that was lost.
void Publisher::Forsaken() {
  ++round_;
  announcing_ = false;
  is_heard_ = false;
  is_away_ = false;
  is_greeted_ = false;
  sent_.reset();
  unsure_.clear();
  ghosts_token_.reset();
  changed_token_.reset();
}

// The files that must outlive this program; what they hold already is not written again.
void Publisher::Keep() {
  ledger_file_.Save(ledger_.ToJson());
  outbox_file_.Save(outbox_.ToJson());
}

asio::awaitable<std::string> Publisher::WhyNot(Broker broker, Error error) {
  if (error.code != ErrorCode::kRefused) co_return error.message;
  co_return co_await Diagnose(executor_, std::move(broker), std::move(error.message));
}

// The broker of the options, or the Supervisor's, which is asked until it knows one. It is asked again before every
// attempt, because a reinstalled broker has another login.
asio::awaitable<Broker> Publisher::FindBroker() {
  if (!broker_.host.empty()) co_return broker_;
  Backoff backoff;
  while (true) {
    auto broker = co_await AskForBroker(executor_, supervisor_);
    if (broker) {
      supervisor_troubles_.Clear();
      broker->ca_file = broker_.ca_file;
      co_return *broker;
    }
    if (supervisor_troubles_.IsNew(broker.error().code)) {
      log::Warning("waiting for an MQTT broker: {} (or set mqtt.host)", broker.error().message);
    }
    const auto pause = backoff.Next();
    co_await Pause(executor_, pause);
  }
}

void Publisher::Publish(const Inverter& inverter, const Due& due) {
  Say(inverter, due.tell);
  for (const EventType type : due.events) Happened(inverter, type, due.fault_voltage);
}

asio::awaitable<void> Publisher::Stop(std::chrono::milliseconds limit) {
  const auto said = mqtt_.Publish(topics_.Bridge(), std::string(kOfflinePayload), Retain::kYes);
  if (said) co_await mqtt_.Leave(Clock::now() + limit);  // otherwise the will has to say it
}

// What we want to hear, and then all that we know.
void Publisher::Greet() {
  mqtt_.Subscribe(birth_topic_);
  mqtt_.Subscribe(topics_.Bridge());
  for (const Inverter& inverter : inverters_) {
    if (!inverter.was_read()) mqtt_.Subscribe(topics_.State(inverter.device()));
    if (IsAnything(inverter.device().allowed)) mqtt_.Subscribe(topics_.Command(inverter.device()));
  }
  Announce();
}

void Publisher::Listen(const Mqtt::Message& message) {
  if (message.topic == birth_topic_) return HearBirth(message);
  if (message.topic == topics_.Bridge()) {
    // The will of an earlier connection, of which the broker learns only now that it is dead, or a stranger's word.
    const bool is_wrong = message.payload != kOnlinePayload;
    if (is_wrong && !std::exchange(contradicting_, true)) Spawn(executor_, ContradictSoon());
    return;
  }
  for (const Inverter& inverter : inverters_) {
    if (message.topic == topics_.Command(inverter.device())) return HearCommand(inverter, message);
    if (message.topic != topics_.State(inverter.device())) continue;
    if (inverter.was_read()) {
      mqtt_.Unsubscribe(message.topic);  // our own word
    } else if (message.retained && !message.payload.empty()) {
      SayState(inverter);  // a state that an earlier run left behind would be shown as live: it is taken back
    }
  }
}

void Publisher::HearBirth(const Mqtt::Message& message) {
  is_away_ = message.payload == kOfflinePayload && !message.retained;
  if (message.payload != birth_payload_ || std::exchange(announcing_, true)) return;
  is_heard_ = false;
  if (Clock::now() - connected_at_ < kEverybodyIsBackAfter) outbox_.PutBack(std::exchange(unsure_, {}));
  Spawn(executor_, AnnounceSoon());
}

// A retained command was given to somebody else, at another time.
void Publisher::HearCommand(const Inverter& inverter, const Mqtt::Message& message) {
  const auto command = message.retained ? std::nullopt : CommandOf(message.payload);
  if (command && IsAllowed(*command, inverter.device().allowed)) return on_command_(inverter, *command);
  const std::string line =
      fmt::format("{}: ignored what was said on {}: {}", inverter.device().name, message.topic,
                  message.retained ? "a retained command" : "it is no command, or none that the options allow");
  if (refusals_.IsNew(line, Clock::now())) log::Warning("{}", line);
}

asio::awaitable<void> Publisher::ContradictSoon() {
  co_await Pause(executor_, kBeforeContradiction);
  contradicting_ = false;
  mqtt_.Publish(topics_.Bridge(), std::string(kOnlinePayload), Retain::kYes);
}

void Publisher::Told(int token) {
  if (ghosts_token_ == token) TookBack();
  if (changed_token_ == token) {
    ledger_.Replace(announced_);
    Keep();
  }
  if (!sent_ || sent_->token != token) return;
  if (!is_greeted_ && Clock::now() - connected_at_ < kEverybodyIsBackAfter) unsure_.push_back(outbox_.oldest());
  outbox_.Told(sent_->id);
  Keep();
  is_full_ = false;
  sent_.reset();
  Spawn(executor_, SendNextEvent());
}

void Publisher::TookBack() {
  for (const Announced& ghost : ghosts_) {
    log::Info("{} was taken back from Home Assistant: the options no longer hold it", ghost.id);
  }
  ledger_.Remove(ghosts_);
  Keep();
  TakeBackGhosts();
}

asio::awaitable<void> Publisher::AnnounceSoon() {
  const int round = ++round_;
  std::uniform_int_distribution<int> choose(0, kLongestBirthPause);
  std::random_device random;
  const auto pause = std::chrono::milliseconds(choose(random));
  co_await Pause(executor_, pause);
  if (round != round_) co_return;  // the connection was lost meanwhile
  announcing_ = false;
  log::Debug("Home Assistant has started: telling it everything again");
  Announce();
  co_await Pause(executor_, kTimeToSubscribe);
  if (round != round_) co_return;
  is_heard_ = true;
  is_greeted_ = true;
  SendEvents();
}

// Everything, so that whoever knew nothing knows all: what is old is called so before anything is called online.
void Publisher::Announce() {
  TakeBackGhosts();
  for (const Inverter& inverter : inverters_) {
    if (!inverter.was_read()) SayLink(inverter);
  }
  for (size_t i = 0; i < inverters_.size(); ++i) Introduce(inverters_[i], announced_[i]);
  for (Inverter& inverter : inverters_) {
    if (!inverter.was_read()) continue;
    Say(inverter, inverter.snapshot().connected ? Tell::kOnline : Tell::kOffline);
    inverter.Told(Clock::now());
  }
  mqtt_.Publish(topics_.Bridge(), std::string(kOnlinePayload), Retain::kYes);
  SendEvents();
  Keep();
}

void Publisher::Introduce(const Inverter& inverter, const Announced& as) {
  const Device& device = inverter.device();
  const std::string topic = topics_.Discovery(device);
  const Allowed before = ledger_.AllowedBefore(as);
  const std::string removal = RemovalDocument(topics_, device, before, AIMS_VERSION);
  if (!removal.empty()) mqtt_.Publish(topic, removal, Retain::kYes);
  const auto token = mqtt_.Publish(topic, DiscoveryDocument(topics_, device, AIMS_VERSION), Retain::kYes);
  if (before != as.allowed) changed_token_ = token;
}

// Clears what was announced of inverters that the options no longer hold, some at a time, but for topics that are
// somebody's still. They are forgotten when the broker has said that it heard the last of it.
void Publisher::TakeBackGhosts() {
  std::set<std::string> alive{topics_.Bridge()};
  for (const Inverter& inverter : inverters_) {
    const Device& device = inverter.device();
    alive.insert({topics_.Discovery(device), topics_.State(device), topics_.Link(device)});
  }
  ghosts_ = ledger_.Without(announced_);
  if (ghosts_.size() > kMostGhostsAtOnce) ghosts_.resize(kMostGhostsAtOnce);
  ghosts_token_.reset();
  for (const Announced& ghost : ghosts_) {
    const Device device{ghost.id, "", ""};
    for (const std::string& topic : {ghost.topics.Discovery(device), ghost.topics.State(device),
                                     ghost.topics.Link(device), ghost.topics.Bridge()}) {
      if (!alive.contains(topic)) ghosts_token_ = mqtt_.Publish(topic, "", Retain::kYes);
    }
  }
}

void Publisher::Say(const Inverter& inverter, Tell tell) {
  if (tell == Tell::kNothing) return;
  if (tell == Tell::kOffline) SayLink(inverter);
  SayState(inverter);
  if (tell == Tell::kOnline) SayLink(inverter);
}

void Publisher::SayState(const Inverter& inverter) {
  state_ = StateDocument(inverter.snapshot(), std::move(state_));
  mqtt_.Publish(topics_.State(inverter.device()), state_, Retain::kYes);
}

void Publisher::SayLink(const Inverter& inverter) {
  const std::string payload(inverter.snapshot().connected ? kOnlinePayload : kOfflinePayload);
  mqtt_.Publish(topics_.Link(inverter.device()), payload, Retain::kYes);
}

void Publisher::Happened(const Inverter& inverter, EventType type, std::optional<double> fault_voltage) {
  const std::string id = fmt::format("{}-{}", run_, ++events_);
  const bool is_of_power = type == EventType::kPowerLost || type == EventType::kPowerRestored;
  PowerEvent event{inverter.device().id, type, id, WallNow(), Clock::now()};
  if (is_of_power) event.fault_voltage = fault_voltage;
  const bool has_room = outbox_.Add(std::move(event));
  if (!has_room && !std::exchange(is_full_, true)) {
    log::Warning("more than {} events wait for the broker; the oldest are forgotten", Outbox::kMost);
  }
  SendEvents();
  Keep();
}

asio::awaitable<void> Publisher::SendNextEvent() {
  is_pausing_ = true;
  co_await Pause(executor_, kBetweenEvents);
  is_pausing_ = false;
  SendEvents();
}

// One at a time, so that they arrive in order, and so that a sudden end of this program repeats the last one at most.
void Publisher::SendEvents() {
  if (!is_heard_ || is_away_ || is_pausing_ || sent_ || outbox_.empty()) return;
  const PowerEvent& event = outbox_.oldest();
  const Device device{event.inverter, "", ""};
  const std::string document = EventDocument(event, IsLate(event, WallNow(), Clock::now()));
  const auto token = mqtt_.Publish(topics_.Event(device), document, Retain::kNo);
  if (token) sent_ = Sent{*token, event.id};
}

}  // namespace aims
