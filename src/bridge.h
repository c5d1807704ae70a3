// The program's one way through: each inverter is polled, each reading goes to its Inverter, and what that makes due is
// published. Beside it the connection to the broker is kept for ever. One reading takes four hops,
// Ask -> ParseReply -> StateDocument -> Publish, and neither half ever waits for the other.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backoff.h"
#include "inverter.h"
#include "link.h"
#include "mqtt.h"
#include "options.h"
#include "supervisor.h"
#include "troubles.h"

namespace aims {

class Bridge {
 public:
  Bridge(asio::any_io_executor executor, Options options, Supervisor supervisor);

  // Polls and publishes from now on.
  void Start();

  // Says `offline` to whoever is there, and takes at most `limit` for it.
  asio::awaitable<void> Stop(std::chrono::milliseconds limit);

 private:
  // One inverter, the way to it, and what was said of it.
  struct Watched {
    Watched(asio::any_io_executor executor, const InverterOptions& settings);

    InverterOptions options;
    Link link;
    Inverter inverter;
    Troubles troubles;
    std::string_view request;  // asked now; the two forms take turns until one was answered
    std::string asked;         // what the log last said is asked
    int misses = 0;            // in a row, of what is open now
    int timeouts = 0;          // the same, of those to which nothing at all came back
    Link::Clock::time_point silent_since{};
  };

  asio::awaitable<void> Watch(Watched& watched);
  asio::awaitable<bool> Opened(Watched& watched);
  void Heard(Watched& watched, std::string_view bytes);
  void Read(Watched& watched, const Reading& reading);
  void Missed(Watched& watched, const Error& error);
  void Gone(Watched& watched, const Error& error);

  asio::awaitable<void> KeepBroker();
  asio::awaitable<Broker> FindBroker();
  void Greet();
  void Listen(const Mqtt::Message& message);
  asio::awaitable<void> AnnounceSoon();

  void Announce();
  void Publish(const Watched& watched, Tell tell);
  void PublishAll();
  void PublishState(const Watched& watched);
  void PublishLink(const Watched& watched);
  asio::awaitable<void> Pause(std::chrono::steady_clock::duration time);

  asio::any_io_executor executor_;
  Options options_;
  Supervisor supervisor_;
  std::vector<std::unique_ptr<Watched>> inverters_;
  Mqtt mqtt_;
  Troubles broker_troubles_;
  Troubles supervisor_troubles_;
  bool announcing_ = false;
};

}  // namespace aims
