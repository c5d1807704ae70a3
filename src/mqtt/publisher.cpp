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

constexpr auto kBeforeContradiction = 1s;
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

bool Holds(const std::vector<Publisher::Reported>& inverters, const std::string& id) {
  return std::any_of(inverters.begin(), inverters.end(),
                     [&](const auto& reported) { return reported.inverter->device().id == id; });
}

}  // namespace

Publisher::Publisher(Channel channel, const MqttOptions& options, std::vector<Reported> inverters,
                     const std::string& data_directory, OnCommand on_command, std::function<void()> on_changed)
    : channel_(std::move(channel)),
      options_(options),
      inverters_(std::move(inverters)),
      on_command_(std::move(on_command)),
      announcer_(channel_, options.topics, DevicesOf(inverters_), data_directory, on_changed),
      events_(
          channel_, options.topics, data_directory, [this](const std::string& id) { return Holds(inverters_, id); },
          on_changed) {
  Save();
}

void Publisher::OnUpdate(const Inverter& inverter, const Update& update) {
  Reported* reported = Find(inverter);
  if (!reported) return;
  const bool is_news = update.connection != Connection::kSame;
  const bool is_due = inverter.was_read() && reported->pace.IsDue(inverter.snapshot(), update.now.steady);
  if (update.connection == Connection::kLost) SayLink(inverter);
  if (is_news || is_due) SayState(*reported, update.now.steady);
  if (update.connection == Connection::kBack) SayLink(inverter);
  for (const PowerEvent& event : update.events) events_.Enqueue(event, update.now);
}

// What we want to hear, and then all that we know.
void Publisher::OnConnected(Moment now) {
  const Topics& topics = options_.topics;
  channel_.subscribe(options_.birth_topic);
  channel_.subscribe(topics.Bridge());
  for (const Reported& reported : inverters_) {
    const Device& device = reported.inverter->device();
    if (!reported.inverter->was_read()) channel_.subscribe(topics.State(device));
    if (IsAnything(device.permissions)) channel_.subscribe(topics.Command(device));
  }
  Announce(now.steady);
  events_.OnConnected(now);
}

void Publisher::OnDisconnected() {
  announce_at_.reset();
  announcer_.OnDisconnected();
  events_.OnDisconnected();
}

void Publisher::OnMessage(const Message& message, Moment now) {
  const Topics& topics = options_.topics;
  if (message.topic == options_.birth_topic) return HearBirth(message, now);
  if (message.topic == topics.Bridge()) return HearBridge(message, now.steady);
  for (const Reported& reported : inverters_) {
    const Inverter& inverter = *reported.inverter;
    if (message.topic == topics.Command(inverter.device())) return HearCommand(inverter, message, now.steady);
    if (message.topic == topics.State(inverter.device())) return HearState(inverter, message);
  }
}

void Publisher::OnAcknowledged(int token, Moment now) {
  announcer_.OnAcknowledged(token);
  events_.OnAcknowledged(token, now);
}

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
  if (contradict_at_ && now.steady >= *contradict_at_) {
    contradict_at_.reset();
    channel_.publish(options_.topics.Bridge(), std::string(kOnlinePayload), Retain::kYes);
  }
  events_.Tick(now);
}

std::optional<Publisher::Time> Publisher::next() const {
  std::optional<Time> first;
  for (const std::optional<Time>& time : {announce_at_, contradict_at_, events_.next()}) {
    if (time && (!first || *time < *first)) first = time;
  }
  return first;
}

void Publisher::SayOffline() { channel_.publish(options_.topics.Bridge(), std::string(kOfflinePayload), Retain::kYes); }

void Publisher::Save() {
  announcer_.Save();
  events_.Save();
}

// Everything, so that a listener that knew nothing knows all.
void Publisher::Announce(Time now) {
  for (const Reported& reported : inverters_) {
    if (!reported.inverter->was_read()) SayLink(*reported.inverter);
  }
  announcer_.Announce();
  for (Reported& reported : inverters_) {
    const Inverter& inverter = *reported.inverter;
    if (!inverter.was_read()) continue;
    if (!inverter.snapshot().connected) SayLink(inverter);
    SayState(reported, now);
    if (inverter.snapshot().connected) SayLink(inverter);
  }
  channel_.publish(options_.topics.Bridge(), std::string(kOnlinePayload), Retain::kYes);
}

void Publisher::HearBirth(const Message& message, Moment now) {
  if (message.payload == kOfflinePayload && !message.retained) return events_.OnAway();
  if (message.payload != options_.birth_payload || announce_at_) return;
  events_.OnBirth(now);
  announce_at_ = now.steady + BirthPause();
}

// The will of an earlier connection, which the broker only now finds dead, or another client's word.
void Publisher::HearBridge(const Message& message, Time now) {
  if (message.payload != kOnlinePayload && !contradict_at_) contradict_at_ = now + kBeforeContradiction;
}

// A state that an earlier run left behind would be shown as live: it is taken back.
void Publisher::HearState(const Inverter& inverter, const Message& message) {
  if (inverter.was_read()) return channel_.unsubscribe(message.topic);  // our own word
  if (!message.retained || message.payload.empty()) return;
  channel_.publish(message.topic, StateDocument(inverter.snapshot()), Retain::kYes);
}

// A retained command was given at another time, perhaps to another program.
void Publisher::HearCommand(const Inverter& inverter, const Message& message, Time now) {
  const Device& device = inverter.device();
  const auto command = message.retained ? std::nullopt : CommandOf(message.payload);
  if (command && IsAllowed(*command, device.permissions)) return on_command_(device.id, *command);
  const std::string line =
      fmt::format("{}: ignored what was said on {}: {}", device.name, message.topic,
                  message.retained ? "a retained command" : "it is no command, or none that the options allow");
  if (refusals_.IsNew(line, now)) log::Warning("{}", line);
}

void Publisher::SayState(Reported& reported, Time now) {
  const Inverter& inverter = *reported.inverter;
  state_ = StateDocument(inverter.snapshot(), std::move(state_));
  channel_.publish(options_.topics.State(inverter.device()), state_, Retain::kYes);
  reported.pace.OnTold(inverter.snapshot(), now);
}

void Publisher::SayLink(const Inverter& inverter) {
  const std::string payload(inverter.snapshot().connected ? kOnlinePayload : kOfflinePayload);
  channel_.publish(options_.topics.Link(inverter.device()), payload, Retain::kYes);
}

Publisher::Reported* Publisher::Find(const Inverter& inverter) {
  const auto found = std::find_if(inverters_.begin(), inverters_.end(), [&](const Reported& reported) {
    return reported.inverter->device().id == inverter.device().id;
  });
  return found == inverters_.end() ? nullptr : &*found;
}

}  // namespace aims
