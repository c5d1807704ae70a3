// MQTT, put together: the client, the session that keeps it connected, the publisher that speaks and hears, and the two
// files in which that keeps what it must know after a restart.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/save_pace.h"
#include "inverter/listener.h"
#include "io/alarm.h"
#include "io/data_file.h"
#include "io/resolver.h"
#include "io/soon.h"
#include "mqtt/client.h"
#include "mqtt/options.h"
#include "mqtt/publisher.h"
#include "mqtt/session.h"

namespace aims {

class Mqtt final : public Listener {
 public:
  // `find_broker` is asked where the options name none. The inverters outlive it.
  Mqtt(const DataFolder& folder, Resolver& resolver, const MqttOptions& options, Origin origin,
       std::vector<Publisher::Reported> inverters, std::function<asio::awaitable<Result<Broker>>()> find_broker,
       Publisher::OnCommand on_command);

  void OnUpdate(const Inverter& inverter, const Update& update) override;

  // Keeps the connection.
  asio::awaitable<void> Run() { return session_.Run(); }

  bool is_connected() const { return client_.is_connected(); }
  const std::string& where() const { return session_.where(); }
  Audience audience() const { return publisher_.audience(); }
  uint64_t publishes() const { return publishes_; }  // messages given to the broker's client

  // Says `offline` while there is a connection, and takes at most `limit` for it.
  asio::awaitable<void> Stop(std::chrono::milliseconds limit);
  // What is not on the disk yet is asked of it.
  void SaveAtStop();

 private:
  Session::World World(asio::any_io_executor executor, Resolver& resolver, const MqttOptions& options,
                       std::function<asio::awaitable<Result<Broker>>()> find_broker);
  Client::Listeners ClientListeners();
  Channel ChannelOf();
  // Has the publisher do something, and looks when it wants to be looked at again.
  template <typename Act>
  void Do(Act act) {
    act();
    alarm_.Set(publisher_.next());
  }

  void Save();
  void SaveInTime();

  DataFile announced_file_;
  DataFile events_file_;
  Soon save_;
  SavePace pace_;  // of events
  Alarm later_;
  uint64_t publishes_ = 0;
  Client client_;
  Publisher publisher_;
  Alarm alarm_;
  Session session_;
};

}  // namespace aims
