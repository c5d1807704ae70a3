#include "app/app.h"

#include <utility>

#include "io/spawn.h"

namespace aims {
namespace {

std::deque<Inverter> Recalled(const Options& options, Keeper& keeper) {
  std::deque<Inverter> inverters;
  for (const InverterOptions& inverter : options.inverters) inverters.push_back(keeper.Recall(inverter));
  for (size_t i = 0; i < options.inverters.size(); ++i) {
    const InverterOptions& inverter = options.inverters[i];
    if (inverter.device.allowed.rehearsal) inverters.push_back(Rehearser::Stage(inverter, inverters[i]));
  }
  return inverters;
}

}  // namespace

Bridge::Bridge(asio::any_io_executor executor, const Options& options, Supervisor supervisor,
               const std::string& data_directory)
    : executor_(executor),
      keeper_(data_directory),
      inverters_(Recalled(options, keeper_)),
      publisher_(executor, options, std::move(supervisor), data_directory, inverters_,
                 [this](const Inverter& inverter, Command command) { Obey(inverter.device().id, command); }) {
  size_t stages = options.inverters.size();
  for (size_t i = 0; i < options.inverters.size(); ++i) {
    const InverterOptions& of = options.inverters[i];
    Inverter& inverter = inverters_[i];
    const auto on_due = [this, &inverter](const Due& due) {
      publisher_.Publish(inverter, due);
      keeper_.Keep(inverter, due);
    };
    pollers_.try_emplace(of.device.id, executor, of, inverter, on_due);
    if (!of.device.allowed.rehearsal) continue;
    Inverter& stage = inverters_[stages++];
    const auto on_stage = [this, &stage](const Due& due) { publisher_.Publish(stage, due); };
    rehearsers_.try_emplace(of.device.id, executor, of, inverter, stage, on_stage);
  }
}

void Bridge::Start() {
  for (auto& [id, poller] : pollers_) Spawn(executor_, poller.Run());
  Spawn(executor_, publisher_.Run());
}

void Bridge::Obey(const std::string& id, Command command) {
  if (command == Command::kRehearse) return rehearsers_.at(id).Play();
  pollers_.at(id).Order(command);
}

}  // namespace aims
