#include "mqtt/mqtt.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "io/clock.h"
#include "io/log.h"
#include "io/pause.h"
#include "mqtt/diagnosis.h"

namespace aims {
namespace {

std::string ClientId(const std::string& base) { return fmt::format("{}-{:08x}", base, std::random_device{}()); }

constexpr size_t kMostEventChanges = 40;         // in a minute: each comes and goes
constexpr std::chrono::minutes kEventsPause{3};  // while they come all the time: their file may be twice the records'

// Room for two announcements of everything.
int MostUnacknowledged(size_t inverters) { return 64 + 8 * static_cast<int>(inverters); }

}  // namespace

Mqtt::Mqtt(const DataFolder& folder, Resolver& resolver, const MqttOptions& options, Origin origin,
           std::vector<Publisher::Reported> inverters, std::function<asio::awaitable<Result<Broker>>()> find_broker,
           Publisher::OnCommand on_command)
    : announced_file_(folder, "announced.json"),
      events_file_(folder, "events.json"),
      save_(folder.executor, [this] { Save(); }),
      pace_(kEventsPause, kMostEventChanges),
      later_(folder.executor, [this] { Save(); }),
      client_(folder.executor, resolver, ClientId(options.topics.base), MostUnacknowledged(inverters.size()),
              ClientListeners()),
      publisher_(ChannelOf(), options, std::move(origin), std::move(inverters),
                 {announced_file_.Load<AnnouncedDevices>(), events_file_.Load<EventQueue>()}, std::move(on_command),
                 [this] { SaveInTime(); }),
      alarm_(folder.executor, [this] { Do([this] { publisher_.Tick(Now()); }); }),
      session_(World(folder.executor, resolver, options, std::move(find_broker)), options.broker,
               {[this] { Do([this] { publisher_.OnConnected(client_.version(), Now()); }); },
                [this] { Do([this] { publisher_.OnDisconnected(); }); }}) {
  Save();
}

void Mqtt::OnUpdate(const Inverter& inverter, const Update& update) {
  Do([&] { publisher_.OnUpdate(inverter, update); });
}

asio::awaitable<void> Mqtt::Stop(std::chrono::milliseconds limit) {
  if (!client_.is_connected()) co_return;  // the will has to say it
  publisher_.SayOffline();
  const auto end = std::chrono::steady_clock::now() + limit;
  co_await client_.Leave(end);
}

void Mqtt::SaveAtStop() {
  Save();
  announced_file_.SaveAtStop();
  events_file_.SaveAtStop();
}

void Mqtt::SaveInTime() {
  const auto now = std::chrono::steady_clock::now();
  const auto due = pace_.DueAfterChange(now);
  if (due <= now) return save_.Ask();
  later_.Set(due);
}

void Mqtt::Save() {
  announced_file_.Save(publisher_.announced().ToJson());
  events_file_.Save(publisher_.events().ToJson());
}

Session::World Mqtt::World(asio::any_io_executor executor, Resolver& resolver, const MqttOptions& options,
                           std::function<asio::awaitable<Result<Broker>>()> find_broker) {
  return {
      .find_broker = std::move(find_broker),
      .connect = [this, will = options.topics.Bridge()](const Broker& broker) { return client_.Connect(broker, will); },
      .lost = [this](Session::Time limit) { return client_.Lost(limit); },
      .diagnose = [executor, &resolver](
                      const Broker& broker,
                      const std::string& otherwise) { return Diagnose(executor, resolver, broker, otherwise); },
      .wait_until = [executor](Session::Time time) { return PauseUntil(executor, time); },
      .now = [] { return std::chrono::steady_clock::now(); },
  };
}

Client::Listeners Mqtt::ClientListeners() {
  return {
      .on_message = [this](const Message& message) { Do([&] { publisher_.OnMessage(message, Now()); }); },
      .on_room = [this] { Do([this] { publisher_.OnRoom(Now()); }); },
      .on_acknowledged = [this](int token) { Do([&] { publisher_.OnAcknowledged(token, Now()); }); },
      .on_denied = [this](int token) { Do([&] { publisher_.OnDenied(token, Now()); }); },
      .on_ignored = [](const std::string& why) { log::Warning("ignored what was sent to us over MQTT: {}", why); },
      .on_refused =
          [](const std::string& what) {
            log::Warning("the MQTT broker refuses {}; check its access rules (ACL)", what);
          },
  };
}

Channel Mqtt::ChannelOf() {
  return {
      [this](const auto& topic, const auto& payload, Retain retain) {
        const auto token = client_.Publish(topic, payload, retain);
        if (token) ++publishes_;
        return token;
      },
      [this](const auto& topic, Held held) { client_.Subscribe(topic, held); },
      [this](const auto& topic) { client_.Unsubscribe(topic); },
  };
}

}  // namespace aims
