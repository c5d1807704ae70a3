// The program's one way through: each inverter is polled, each reading goes to its Inverter, and what that makes due is
// published. One reading takes four hops, Ask -> ParseReply -> StateDocument -> Publish, and neither half, the pollers
// and the publisher, ever waits for the other.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <string>

#include "app/rehearser.h"
#include "app/store.h"
#include "inverter/inverter.h"
#include "mqtt/publisher.h"
#include "options/options.h"
#include "supervisor/supervisor.h"
#include "wire/poller.h"

namespace aims {

class Bridge {
 public:
  Bridge(asio::any_io_executor executor, const Options& options, Supervisor supervisor,
         const std::string& data_directory);

  // Polls and publishes from now on.
  void Start();

  // Says `offline` to whoever is there, and takes at most `limit` for it.
  asio::awaitable<void> Stop(std::chrono::milliseconds limit) { return publisher_.Stop(limit); }

 private:
  void Obey(const std::string& id, Command command);

  asio::any_io_executor executor_;
  Keeper keeper_;
  std::deque<Inverter> inverters_;  // of which nobody moves: those of the options, then those of rehearsals
  Publisher publisher_;
  std::map<std::string, Poller> pollers_;  // by the inverter's id, as the next
  std::map<std::string, Rehearser> rehearsers_;
};

}  // namespace aims
