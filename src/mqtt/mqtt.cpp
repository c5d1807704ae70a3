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

// Room for two announcements of everything.
int MostUnacknowledged(size_t inverters) { return 64 + 8 * static_cast<int>(inverters); }

}  // namespace

Mqtt::Mqtt(asio::any_io_executor executor, const MqttOptions& options, std::vector<Publisher::Reported> inverters,
           const std::string& data_directory, std::function<asio::awaitable<Result<Broker>>()> find_broker,
           Publisher::OnCommand on_command)
    : save_(executor, [this] { publisher_.Save(); }),
      client_(executor, ClientId(options.topics.base), MostUnacknowledged(inverters.size()), ClientListeners()),
      publisher_(ChannelOf(), options, std::move(inverters), data_directory, std::move(on_command),
                 [this] { save_.Ask(); }),
      alarm_(executor, [this] { Do([this] { publisher_.Tick(Now()); }); }),
      session_(World(executor, options, std::move(find_broker)), options.broker,
               {[this] { Do([this] { publisher_.OnConnected(Now()); }); },
                [this] { Do([this] { publisher_.OnDisconnected(); }); }}) {}

void Mqtt::OnUpdate(const Inverter& inverter, const Update& update) {
  Do([&] { publisher_.OnUpdate(inverter, update); });
}

asio::awaitable<void> Mqtt::Stop(std::chrono::milliseconds limit) {
  if (!client_.is_connected()) co_return;  // the will has to say it
  publisher_.SayOffline();
  const auto end = std::chrono::steady_clock::now() + limit;
  co_await client_.Leave(end);
}

Session::World Mqtt::World(asio::any_io_executor executor, const MqttOptions& options,
                           std::function<asio::awaitable<Result<Broker>>()> find_broker) {
  return {
      .find_broker = std::move(find_broker),
      .connect = [this, will = options.topics.Bridge()](const Broker& broker) { return client_.Connect(broker, will); },
      .lost = [this](Session::Time limit) { return client_.Lost(limit); },
      .diagnose = [executor](const Broker& broker,
                             const std::string& otherwise) { return Diagnose(executor, broker, otherwise); },
      .wait_until = [executor](Session::Time time) { return PauseUntil(executor, time); },
      .now = [] { return std::chrono::steady_clock::now(); },
  };
}

Client::Listeners Mqtt::ClientListeners() {
  return {
      .on_message = [this](const Message& message) { Do([&] { publisher_.OnMessage(message, Now()); }); },
      .on_room = [this] { Do([this] { publisher_.OnRoom(Now()); }); },
      .on_acknowledged = [this](int token) { Do([&] { publisher_.OnAcknowledged(token, Now()); }); },
      .on_ignored = [](const std::string& why) { log::Warning("ignored what was sent to us over MQTT: {}", why); },
  };
}

Channel Mqtt::ChannelOf() {
  return {
      [this](const auto& topic, const auto& payload, Retain retain) { return client_.Publish(topic, payload, retain); },
      [this](const auto& topic) { client_.Subscribe(topic); },
      [this](const auto& topic) { client_.Unsubscribe(topic); },
  };
}

}  // namespace aims
