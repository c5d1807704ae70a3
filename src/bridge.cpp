#include "bridge.h"

#include <utility>

#include "spawn.h"

namespace aims {
namespace {

std::deque<Inverter> Recalled(const Options& options, Keeper& keeper) {
  std::deque<Inverter> inverters;
  for (const InverterOptions& inverter : options.inverters) inverters.push_back(keeper.Recall(inverter));
  return inverters;
}

}  // namespace

Bridge::Bridge(asio::any_io_executor executor, const Options& options, Supervisor supervisor,
               const std::string& data_directory)
    : executor_(executor),
      keeper_(data_directory),
      inverters_(Recalled(options, keeper_)),
      publisher_(executor, options, std::move(supervisor), data_directory, inverters_) {
  for (size_t i = 0; i < inverters_.size(); ++i) {
    Inverter& inverter = inverters_[i];
    pollers_.emplace_back(executor, options.inverters[i], inverter, [this, &inverter](const Due& due) {
      publisher_.Publish(inverter, due);
      keeper_.Keep(inverter, due);
    });
  }
}

void Bridge::Start() {
  for (Poller& poller : pollers_) Spawn(executor_, poller.Run());
  Spawn(executor_, publisher_.Run());
}

}  // namespace aims
