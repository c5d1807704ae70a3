#include "mqtt/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "homeassistant/documents.h"
#include "io/log.h"

namespace aims {
namespace {

using namespace std::chrono_literals;

// Between two contradictions. Two apps of the same name would contradict each other's states for ever.
constexpr auto kContradictionPace = 1s;
constexpr auto kStateContradictionPace = 10s;
constexpr std::chrono::milliseconds kLongestBirthPause = 3s;  // not every client at once when Home Assistant comes back

std::chrono::milliseconds BirthPause() {
  std::random_device random;
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(0, kLongestBirthPause.count())(random));
}

std::vector<Device> DevicesOf(const std::vector<Publisher::Reported>& inverters) {
  std::vector<Device> devices;
  devices.reserve(inverters.size());
  for (const auto& reported : inverters) devices.push_back(reported.inverter->device());
  return devices;
}

std::string Shortened(const std::string& payload) {
  constexpr size_t kMostShown = 40;
  return payload.size() <= kMostShown ? payload : payload.substr(0, kMostShown) + "…";
}

// Before the first reading there is no state to tell, but what does not come from the wire: advice of this run, and
// computers that wait for it.
bool IsKnownUnread(const Snapshot& snapshot) {
  return !snapshot.shutdown_reasons.empty() || (snapshot.nut_clients && !snapshot.nut_clients->empty());
}

bool Holds(const std::vector<Publisher::Reported>& inverters, const std::string& id) {
  return std::any_of(inverters.begin(), inverters.end(),
                     [&](const auto& reported) { return reported.inverter->device().id == id; });
}

}  // namespace

Publisher::Publisher(Channel channel, const MqttOptions& options, Origin origin, std::vector<Reported> inverters,
                     Kept kept, OnCommand on_command, std::function<void()> on_changed)
    : channel_(std::move(channel)),
      options_(options),
      inverters_(std::move(inverters)),
      on_command_(std::move(on_command)),
      announcer_(channel_, options.topics, DevicesOf(inverters_), std::move(kept.announced), std::move(origin),
                 on_changed),
      events_(
          channel_, options.topics, std::move(kept.events),
          [this](const std::string& id) { return Holds(inverters_, id); }, on_changed) {
  own_topics_.Add(options_.topics.Bridge(), kContradictionPace);
  for (const Reported& reported : inverters_) {
    const Device& device = reported.inverter->device();
    own_topics_.Add(options_.topics.Link(device), kContradictionPace);
    own_topics_.Add(options_.topics.State(device), kStateContradictionPace);
  }
}

void Publisher::OnUpdate(const Inverter& inverter, const Update& update) {
  Reported* reported = Find(inverter);
  if (!reported) return;
  const bool is_news = update.connection != Connection::kSame;
  const bool may_be_told = inverter.was_read() || reported->is_told_unread || IsKnownUnread(inverter.snapshot());
  const bool is_due = may_be_told && reported->pace.IsDue(inverter.snapshot(), update.now.steady);
  if (update.clock_set != std::chrono::milliseconds(0)) {
    events_.OnClockSet(inverter.device().id, update.clock_set);
  }
  if (update.connection == Connection::kLost) SayLink(inverter);
  if (is_news || is_due) SayState(*reported, update.now.steady);
  if (update.connection == Connection::kBack) SayLink(inverter);
  for (const PowerEvent& event : update.events) events_.Enqueue(event, update.now);
}

// What we want to hear, and then all that we know.
void Publisher::OnConnected(MqttVersion version, Moment now) {
  version_ = version;
  const Topics& topics = options_.topics;
  channel_.subscribe(options_.birth_topic, Held::kSend);
  channel_.subscribe(topics.Bridge(), Held::kSkip);
  for (const Reported& reported : inverters_) {
    const Device& device = reported.inverter->device();
    const bool was_read = reported.inverter->was_read();
    channel_.subscribe(topics.Link(device), Held::kSkip);
    // With 3.1.1 our own states would come back, and could not be told from others'.
    if (!was_read || version_ == MqttVersion::k5) {
      channel_.subscribe(topics.State(device), was_read ? Held::kSkip : Held::kSend);
    }
    if (IsAnything(device.permissions)) channel_.subscribe(topics.Command(device), Held::kSend);
  }
  Announce(now.steady);
  events_.OnConnected(now);
}

void Publisher::OnDisconnected() {
  announce_at_.reset();
  announcer_.OnDisconnected();
  events_.OnDisconnected();
  own_topics_.OnDisconnected();
}

void Publisher::OnMessage(const Message& message, Moment now) {
  const Topics& topics = options_.topics;
  if (message.topic == options_.birth_topic) return HearBirth(message, now);
  if (message.topic == topics.Bridge()) return own_topics_.OnHeard(message.topic, message.payload, now.steady);
  for (const Reported& reported : inverters_) {
    const Inverter& inverter = *reported.inverter;
    if (message.topic == topics.Command(inverter.device())) return HearCommand(inverter, message, now.steady);
    if (message.topic == topics.State(inverter.device())) return HearState(inverter, message, now.steady);
    if (message.topic == topics.Link(inverter.device())) {
      return own_topics_.OnHeard(message.topic, message.payload, now.steady);
    }
  }
}

void Publisher::OnAcknowledged(int token, Moment now) {
  announcer_.OnAcknowledged(token);
  events_.OnAcknowledged(token, now);
}

void Publisher::OnDenied(int token, Moment now) { events_.OnDenied(token, now); }

void Publisher::OnRoom(Moment now) {
  Announce(now.steady);
  events_.Tick(now);
}

void Publisher::Tick(Moment now) {
  if (announce_at_ && now.steady >= *announce_at_) {
    announce_at_.reset();
    log::Debug("Home Assistant has started: telling it everything again");
    Announce(now.steady);
    events_.OnAnnounced(now);
  }
  for (const auto& contradicted : own_topics_.Due(now.steady)) Contradict(contradicted, now.steady);
  events_.Tick(now);
}

std::optional<Publisher::Time> Publisher::next() const {
  std::optional<Time> first;
  for (const std::optional<Time>& time : {announce_at_, own_topics_.next(), events_.next()}) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

void Publisher::SayOffline() { channel_.publish(options_.topics.Bridge(), std::string(kOfflinePayload), Retain::kYes); }

// Everything, so that a listener that knew nothing knows all.
void Publisher::Announce(Time now) {
  for (const Reported& reported : inverters_) {
    if (!reported.inverter->was_read()) SayLink(*reported.inverter);
  }
  announcer_.Announce();
  for (Reported& reported : inverters_) {
    const Inverter& inverter = *reported.inverter;
    if (!inverter.was_read()) {
      if (reported.is_told_unread || IsKnownUnread(inverter.snapshot())) SayState(reported, now);
      continue;
    }
    if (!inverter.snapshot().connected) SayLink(inverter);
    SayState(reported, now);
    if (inverter.snapshot().connected) SayLink(inverter);
  }
  SayBridge();
}

void Publisher::HearBirth(const Message& message, Moment now) {
  if (message.payload == kOfflinePayload && !message.retained) return events_.OnAway(now);
  if (message.payload != options_.birth_payload || announce_at_) return;
  events_.OnBirth(now);
  announce_at_ = now.steady + BirthPause();
}

// A state that an earlier run left behind would be shown as live: it is taken back.
void Publisher::HearState(const Inverter& inverter, const Message& message, Time now) {
  if (version_ == MqttVersion::k5 && !message.retained) {
    return own_topics_.OnHeard(message.topic, message.payload, now);
  }
  if (inverter.was_read() && version_ == MqttVersion::k311) return channel_.unsubscribe(message.topic);  // our own word
  if (inverter.was_read() || !message.retained || message.payload.empty()) return;
  Say(message.topic, StateDocument(inverter.snapshot()));
}

// A retained command was given at another time, perhaps to another program.
void Publisher::HearCommand(const Inverter& inverter, const Message& message, Time now) {
  const Device& device = inverter.device();
  const auto command = message.retained ? std::nullopt : CommandOf(message.payload);
  if (command && IsAllowed(*command, device.permissions)) return on_command_(device.id, *command);
  const std::string line =
      fmt::format("{}: ignored a message on {}: {}", device.name, message.topic,
                  message.retained ? "a retained command" : "it is not a command that the options allow");
  if (refusals_.IsNew(line, now)) log::Warning("{}", line);
}

void Publisher::SayState(Reported& reported, Time now) {
  const Inverter& inverter = *reported.inverter;
  state_ = StateDocument(inverter.snapshot(), std::move(state_));
  Say(options_.topics.State(inverter.device()), state_);
  reported.pace.OnTold(inverter.snapshot(), now);
  reported.is_told_unread = !inverter.was_read();
}

void Publisher::SayLink(const Inverter& inverter) {
  const std::string payload(inverter.snapshot().connected ? kOnlinePayload : kOfflinePayload);
  Say(options_.topics.Link(inverter.device()), payload);
}

void Publisher::SayBridge() { Say(options_.topics.Bridge(), std::string(kOnlinePayload)); }

std::optional<int> Publisher::Say(const std::string& topic, const std::string& payload) {
  own_topics_.OnSaid(topic, payload);
  return channel_.publish(topic, payload, Retain::kYes);
}

void Publisher::Contradict(const OwnTopics::Contradicted& contradicted, Time now) {
  if (contradicted.is_first) {
    log::Warning(
        "another client said \"{}\" on {}; corrected. If a second app has an inverter with the same name, "
        "rename one of them",
        Shortened(contradicted.heard), contradicted.topic);
  }
  if (contradicted.topic == options_.topics.Bridge()) return SayBridge();
  for (Reported& reported : inverters_) {
    const Device& device = reported.inverter->device();
    if (contradicted.topic == options_.topics.Link(device)) return SayLink(*reported.inverter);
    if (contradicted.topic == options_.topics.State(device)) return SayState(reported, now);
  }
}

Publisher::Reported* Publisher::Find(const Inverter& inverter) {
  const auto found = std::find_if(inverters_.begin(), inverters_.end(), [&](const Reported& reported) {
    return reported.inverter->device().id == inverter.device().id;
  });
  return found == inverters_.end() ? nullptr : &*found;
}

}  // namespace aims
