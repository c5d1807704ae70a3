#include "app/app.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/ip/host_name.hpp>
#include <random>
#include <string_view>
#include <utility>

#include "io/clock.h"
#include "io/log.h"
#include "io/spawn.h"

namespace aims {
namespace {

constexpr std::chrono::seconds kFirstSave{1};

// Those of the options, then the stages of rehearsals.
std::deque<Inverter> MakeInverters(const Options& options, Store& store) {
  const std::string run = fmt::format("{:08x}", std::random_device{}());
  std::deque<Inverter> inverters;
  for (const InverterOptions& inverter : options.inverters) {
    inverters.emplace_back(inverter, store.Load(inverter.device.id), run, BootId());
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
    const ReportPace pace(options.mqtt.report_interval, inverter.poll_interval);
    reported.push_back({&inverters[reported.size()], pace});
  };
  for (const InverterOptions& inverter : options.inverters) add(inverter);
  for (const InverterOptions& inverter : options.inverters) {
    if (inverter.device.permissions.rehearsal) add(inverter);
  }
  return reported;
}

std::string ConfigurationUrl(const Options& options, const Surroundings& surroundings) {
  if (!surroundings.supervisor.token.empty()) return surroundings.supervisor.app_page;
  return page::PageUrl(options.web, asio::ip::host_name());
}

std::string_view InWords(Audience audience) {
  switch (audience) {
    case Audience::kReturning:
    case Audience::kPresent:
      return "online";
    case Audience::kAway:
    case Audience::kOverdue:
      return "offline";
    default:
      return "unknown";
  }
}

asio::awaitable<Result<Broker>> FindBroker(asio::any_io_executor executor, Resolver& resolver, Supervisor supervisor) {
  const auto found = co_await AskForBroker(executor, resolver, supervisor);
  if (!found) co_return tl::unexpected<Error>(found.error());
  co_return Broker{found->host, found->port, found->username, found->password, found->tls, ""};
}

}  // namespace

App::App(const DataFolder& folder, const Options& options, Surroundings surroundings)
    : executor_(folder.executor),
      disk_(folder.disk),
      resolver_(executor_),
      store_(folder, [this](const std::string& inverter, const SavedInverter& saved) { OnSaved(inverter, saved); }),
      inverters_(MakeInverters(options, store_)),
      mqtt_(
          folder, resolver_, options.mqtt, {AIMS_VERSION, ConfigurationUrl(options, surroundings)},
          Reported(options, inverters_),
          [this, supervisor = surroundings.supervisor] { return FindBroker(executor_, resolver_, supervisor); },
          [this](const std::string& inverter, Command command) { OnCommand(inverter, command); }),
      listeners_{&mqtt_} {
  if (options.nut.enabled) MakeNut(folder, options);
  size_t stages = options.inverters.size();
  for (size_t i = 0; i < options.inverters.size(); ++i) {
    const InverterOptions& of = options.inverters[i];
    Inverter& inverter = inverters_[i];
    const auto on_update = [this, &inverter](const Update& update) { OnUpdate(inverter, update); };
    pollers_.try_emplace(of.device.id, executor_, resolver_, of, inverter, on_update);
    if (!of.device.permissions.rehearsal) continue;
    Inverter& stage = inverters_[stages++];
    // Nothing of a rehearsal is real: it is told over MQTT, and saved nowhere.
    const auto on_stage = [this, &stage](const Update& update) { mqtt_.OnUpdate(stage, update); };
    rehearsers_.try_emplace(of.device.id, executor_, of, inverter, stage, on_stage);
  }
  if (options.web.enabled || surroundings.ingress) MakePage(folder, options, std::move(surroundings));
  listeners_.push_back(&store_);
  // What was announced must be on the disk before it is; a disk that hangs does not keep us from starting.
  disk_.Finish(kFirstSave);
}

void App::MakeNut(const DataFolder& folder, const Options& options) {
  std::vector<nut::Served> served;
  served.reserve(options.inverters.size());
  for (size_t i = 0; i < options.inverters.size(); ++i) served.push_back({&options.inverters[i], &inverters_[i]});
  const auto pass_on = [this](const std::string& inverter, Command command) { return OnCommand(inverter, command); };
  const auto shut_down = [this](const std::string& id) {
    Inverter& inverter = Find(id);
    const Update update = inverter.RequestShutdown(Now());
    OnUpdate(inverter, update);
    for (const LogLine& line : update.lines) {
      log::Write(line.level, fmt::format("{}: {}", inverter.device().name, line.text));
    }
  };
  const auto tell_clients = [this](const std::string& id, std::vector<NutClient> clients) {
    Inverter& inverter = Find(id);
    OnUpdate(inverter, inverter.SetNutClients(std::move(clients), Now()));
  };
  nut_.emplace(folder, options.nut, served, nut::Actions{pass_on, shut_down, tell_clients});
  listeners_.push_back(&*nut_);
  for (const nut::Served& one : served) Find(one.inverter->device().id).SetNutClients({}, Now());
}

void App::MakePage(const DataFolder& folder, const Options& options, Surroundings surroundings) {
  std::vector<page::Shown> shown;
  shown.reserve(options.inverters.size());
  for (size_t i = 0; i < options.inverters.size(); ++i) {
    const InverterOptions& inverter = options.inverters[i];
    shown.push_back({&inverter, &inverters_[i], &pollers_.at(inverter.device.id).record()});
  }
  const auto broker = [this] {
    return page::BrokerState{mqtt_.is_connected(), mqtt_.where(), InWords(mqtt_.audience()), mqtt_.publishes()};
  };
  page_.emplace(folder, options.web, surroundings.ingress, std::move(shown),
                page::World{AIMS_VERSION, std::move(surroundings.shown_options), broker, log::Newest});
  listeners_.push_back(&*page_);
}

void App::Start() {
  for (auto& [id, poller] : pollers_) Spawn(executor_, poller.Run());
  Spawn(executor_, mqtt_.Run());
  if (nut_) Spawn(executor_, nut_->Run());
  if (page_) Spawn(executor_, page_->Run());
}

asio::awaitable<void> App::Stop(std::chrono::milliseconds limit) {
  if (nut_) nut_->OnStop();
  co_await mqtt_.Stop(limit);
  std::vector<const Inverter*> real;
  for (const Inverter& inverter : inverters_) {
    if (pollers_.contains(inverter.device().id) && inverter.was_read()) real.push_back(&inverter);
  }
  mqtt_.SaveAtStop();
  store_.SaveAtStop(real);
  if (page_) page_->SaveAtStop();
  disk_.Finish(limit);
}

void App::OnUpdate(const Inverter& inverter, const Update& update) {
  for (Listener* listener : listeners_) listener->OnUpdate(inverter, update);
}

void App::OnSaved(const std::string& inverter, const SavedInverter& saved) {
  Find(inverter).OnSaved(saved, Now().steady);
}

bool App::OnCommand(const std::string& inverter, Command command) {
  if (command != Command::kRehearse) return pollers_.at(inverter).OnCommand(command);
  rehearsers_.at(inverter).Play();
  return true;
}

Inverter& App::Find(const std::string& id) {
  return *std::find_if(inverters_.begin(), inverters_.end(), [&](const auto& one) { return one.device().id == id; });
}

}  // namespace aims
