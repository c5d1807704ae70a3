#include "bridge.h"

#include <utility>

#include "spawn.h"

namespace aims {
namespace {

std::deque<Inverter> InvertersOf(const Options& options) {
  return {options.inverters.begin(), options.inverters.end()};
}

}  // namespace

Bridge::Bridge(asio::any_io_executor executor, const Options& options, Supervisor supervisor,
               const std::string& data_directory)
    : executor_(executor),
      inverters_(InvertersOf(options)),
      publisher_(executor, options, std::move(supervisor), data_directory, inverters_) {
  for (size_t i = 0; i < inverters_.size(); ++i) {
    Inverter& inverter = inverters_[i];
    pollers_.emplace_back(executor, options.inverters[i], inverter,
                          [this, &inverter](const Due& due) { publisher_.Publish(inverter, due); });
  }
}

void Bridge::Start() {
  for (Poller& poller : pollers_) Spawn(executor_, poller.Run());
  Spawn(executor_, publisher_.Run());
}

}  // namespace aims
