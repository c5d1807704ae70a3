#include "app/app.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "io/clock.h"
#include "io/spawn.h"

namespace aims {
namespace {

// Those of the options, then the stages of rehearsals.
std::deque<Inverter> MakeInverters(const Options& options, Store& store) {
  const std::string run = fmt::format("{:08x}", std::random_device{}());
  std::deque<Inverter> inverters;
  for (const InverterOptions& inverter : options.inverters) {
    inverters.emplace_back(inverter, store.Load(inverter.device.id), run);
  }
  for (size_t i = 0; i < options.inverters.size(); ++i) {
    const InverterOptions& inverter = options.inverters[i];
    if (inverter.device.permissions.rehearsal) inverters.push_back(Rehearser::Stage(inverter, inverters[i]));
  }
  return inverters;
}

std::vector<Publisher::Reported> Reported(const Options& options, const std::deque<Inverter>& inverters) {
  std::vector<Publisher::Reported> reported;
  const auto add = [&](const InverterOptions& inverter) {
    reported.push_back({&inverters[reported.size()], ReportPace(inverter.report_interval, inverter.poll_interval)});
  };
  for (const InverterOptions& inverter : options.inverters) add(inverter);
  for (const InverterOptions& inverter : options.inverters) {
    if (inverter.device.permissions.rehearsal) add(inverter);
  }
  return reported;
}

asio::awaitable<Result<Broker>> FindBroker(asio::any_io_executor executor, Supervisor supervisor) {
  const auto found = co_await AskForBroker(executor, supervisor);
  if (!found) co_return tl::unexpected<Error>(found.error());
  co_return Broker{found->host, found->port, found->username, found->password, found->tls, ""};
}

}  // namespace

App::App(asio::any_io_executor executor, const Options& options, Supervisor supervisor,
         const std::string& data_directory)
    : executor_(executor),
      store_(executor, data_directory,
             [this](const std::string& inverter, const SavedInverter& saved) { OnSaved(inverter, saved); }),
      inverters_(MakeInverters(options, store_)),
      mqtt_(
          executor, options.mqtt, Reported(options, inverters_), data_directory,
          [executor, supervisor = std::move(supervisor)] { return FindBroker(executor, supervisor); },
          [this](const std::string& inverter, Command command) { OnCommand(inverter, command); }),
      listeners_{&mqtt_, &store_} {
  size_t stages = options.inverters.size();
  for (size_t i = 0; i < options.inverters.size(); ++i) {
    const InverterOptions& of = options.inverters[i];
    Inverter& inverter = inverters_[i];
    const auto on_update = [this, &inverter](const Update& update) { OnUpdate(inverter, update); };
    pollers_.try_emplace(of.device.id, executor, of, inverter, on_update);
    if (!of.device.permissions.rehearsal) continue;
    Inverter& stage = inverters_[stages++];
    // Nothing of a rehearsal is real: it is told over MQTT, and saved nowhere.
    const auto on_stage = [this, &stage](const Update& update) { mqtt_.OnUpdate(stage, update); };
    rehearsers_.try_emplace(of.device.id, executor, of, inverter, stage, on_stage);
  }
}

void App::Start() {
  for (auto& [id, poller] : pollers_) Spawn(executor_, poller.Run());
  Spawn(executor_, mqtt_.Run());
}

asio::awaitable<void> App::Stop(std::chrono::milliseconds limit) {
  co_await mqtt_.Stop(limit);
  std::vector<const Inverter*> real;
  for (const Inverter& inverter : inverters_) {
    if (pollers_.contains(inverter.device().id) && inverter.was_read()) real.push_back(&inverter);
  }
  store_.SaveAtStop(real, limit);
}

void App::OnUpdate(const Inverter& inverter, const Update& update) {
  for (Listener* listener : listeners_) listener->OnUpdate(inverter, update);
}

void App::OnSaved(const std::string& inverter, const SavedInverter& saved) {
  const auto found =
      std::find_if(inverters_.begin(), inverters_.end(), [&](const auto& one) { return one.device().id == inverter; });
  if (found != inverters_.end()) found->OnSaved(saved, Now().steady);
}

void App::OnCommand(const std::string& inverter, Command command) {
  if (command == Command::kRehearse) return rehearsers_.at(inverter).Play();
  pollers_.at(inverter).OnCommand(command);
}

}  // namespace aims
