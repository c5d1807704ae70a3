// The program, put together: each inverter is polled, each outcome is an update, and every listener hears it, in the
// order of a list: MQTT first, then the NUT server and the page, then the store, so that what happens is told before it
// is saved.
// None knows another.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/rehearser.h"
#include "app/store.h"
#include "inverter/inverter.h"
#include "inverter/listener.h"
#include "io/data_file.h"
#include "io/resolver.h"
#include "mqtt/mqtt.h"
#include "nut/server.h"
#include "options/options.h"
#include "page/server.h"
#include "supervisor/supervisor.h"
#include "wire/poller.h"

namespace aims {

// What the program stands in.
struct Surroundings {
  Supervisor supervisor{};
  std::optional<Ingress> ingress{};  // in Home Assistant
  std::string shown_options{"{}"};   // the options as JSON, without passwords
};

class App {
 public:
  // `options` outlive it.
  App(const DataFolder& folder, const Options& options, Surroundings surroundings);

  // Polls and tells from now on.
  void Start();

  // Says `offline` over MQTT, and saves what is known; takes at most `limit` for each. A disk that hangs leaves a
  // thread behind: after that the process must end.
  asio::awaitable<void> Stop(std::chrono::milliseconds limit);

 private:
  void OnUpdate(const Inverter& inverter, const Update& update);
  void OnSaved(const std::string& inverter, const SavedInverter& saved);
  bool OnCommand(const std::string& inverter, Command command);
  void MakeNut(const DataFolder& folder, const Options& options);
  void MakePage(const DataFolder& folder, const Options& options, Surroundings surroundings);
  Inverter& Find(const std::string& id);

  asio::any_io_executor executor_;
  Disk& disk_;
  Resolver resolver_;
  Store store_;
  std::deque<Inverter> inverters_;  // which never move: those of the options, then those of rehearsals
  Mqtt mqtt_;
  std::optional<nut::Server> nut_;
  std::vector<Listener*> listeners_;
  std::map<std::string, Poller> pollers_;  // by the inverter's id, as the next
  std::map<std::string, Rehearser> rehearsers_;
  std::optional<page::Server> page_;
};

}  // namespace aims
