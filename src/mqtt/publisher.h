// What is told over MQTT: keeps the connection to the broker for ever, and says there what the inverters make due.
// After each connect all that Home Assistant has to know is told anew, and what the options no longer hold is taken
// back. Events wait, in order, until somebody listens and the broker has acknowledged each.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log_once.h"
#include "base/log_throttle.h"
#include "homeassistant/announced.h"
#include "inverter/command.h"
#include "inverter/inverter.h"
#include "io/data_file.h"
#include "mqtt/client.h"
#include "mqtt/event_queue.h"
#include "options/options.h"
#include "supervisor/supervisor.h"

namespace aims {

class Publisher {
 public:
  using OnCommand = std::function<void(const Inverter&, Command)>;

  // `inverters` outlive it; `data_directory` keeps what was announced and the events that wait. `on_command` hears what
  // was asked for, of what is allowed.
  Publisher(asio::any_io_executor executor, const Options& options, Supervisor supervisor,
            const std::string& data_directory, std::deque<Inverter>& inverters, OnCommand on_command);

  // Keeps the connection.
  asio::awaitable<void> Run();

  // Tells what is due of one inverter.
  void Publish(const Inverter& inverter, const Due& due);

  // Says `offline` to whoever is there, and takes at most `limit` for it.
  asio::awaitable<void> Stop(std::chrono::milliseconds limit);

 private:
  struct Sent {
    int token;
    std::string id;
  };

  asio::awaitable<Broker> FindBroker();
  asio::awaitable<std::string> WhyNot(Broker broker, Error error);
  void Greet();
  void Forsaken();
  void Keep();
  void Listen(const Mqtt::Message& message);
  void HearBirth(const Mqtt::Message& message);
  void HearCommand(const Inverter& inverter, const Mqtt::Message& message);
  asio::awaitable<void> AnnounceSoon();
  asio::awaitable<void> ContradictSoon();
  void Told(int token);
  void TookBack();

  void Announce();
  void TakeBackGhosts();
  void Introduce(const Inverter& inverter, const Announced& as);
  void Say(const Inverter& inverter, Tell tell);
  void SayState(const Inverter& inverter);
  void SayLink(const Inverter& inverter);
  void Happened(const Inverter& inverter, EventType type, std::optional<double> fault_voltage);
  void SendEvents();
  asio::awaitable<void> SendNextEvent();

  asio::any_io_executor executor_;
  Topics topics_;
  Broker broker_;  // by hand; without a host: the Supervisor's
  std::string birth_topic_;
  std::string birth_payload_;
  Supervisor supervisor_;
  std::deque<Inverter>& inverters_;
  OnCommand on_command_;
  Repeats refusals_;
  Mqtt mqtt_;
  Troubles broker_troubles_;
  Troubles supervisor_troubles_;
  bool announcing_ = false;     // soon, for Home Assistant has started
  bool contradicting_ = false;  // soon, for somebody has called the bridge offline
  int round_ = 0;               // of announcing: another one, or a lost connection, ends the one before
  std::chrono::steady_clock::time_point connected_at_{};
  std::string state_;  // the last state document, for its memory

  DataFile ledger_file_;
  Ledger ledger_;
  std::vector<Announced> announced_;  // what the options hold, one for each of inverters_
  std::vector<Announced> ghosts_;     // being taken back
  std::optional<int> ghosts_token_;   // once this is acknowledged, they are gone
  std::optional<int> changed_token_;  // once this is, the broker holds what is allowed now

  DataFile outbox_file_;
  Outbox outbox_;
  bool is_heard_ = false;           // by now whoever listens has found the broker, and its entities
  bool is_away_ = false;            // Home Assistant's own will says that it is not there
  bool is_full_ = false;            // some had to be forgotten
  bool is_greeted_ = false;         // Home Assistant has announced itself on this connection
  bool is_pausing_ = false;         // between two events
  std::optional<Sent> sent_;        // the event on its way
  std::vector<PowerEvent> unsure_;  // told before it had
  std::string run_;                 // ids of events begin with this
  unsigned events_ = 0;             // in this run
};

}  // namespace aims
