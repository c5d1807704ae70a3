#include "app/store.h"

#include <utility>

namespace aims {
namespace {

// A disk that is full now is so in a second, too.
constexpr std::chrono::seconds kPauseAfterFailure{30};

}  // namespace

Store::Store(asio::any_io_executor executor, const std::string& data_directory, OnSaved on_saved)
    : outages_file_(data_directory, "outages.json"),
      battery_file_(data_directory, "battery.json"),
      outages_(outages_file_.Load<SavedOutages>()),
      batteries_(battery_file_.Load<SavedBatteries>()),
      on_saved_(std::move(on_saved)),
      save_(executor, [this] { Save(); }) {}

SavedInverter Store::Load(const std::string& inverter) const {
  SavedInverter saved;
  const auto outages = outages_.inverters.find(inverter);
  const auto battery = batteries_.inverters.find(inverter);
  if (outages != outages_.inverters.end()) saved.outages = outages->second;
  if (battery != batteries_.inverters.end()) saved.battery = battery->second;
  return saved;
}

void Store::OnUpdate(const Inverter& inverter, const Update& update) {
  if (!update.save_outages && !update.save_battery) return;
  unsaved_[inverter.device().id] = inverter.saved();
  save_.Ask();
}

void Store::Save() {
  for (const auto& [id, saved] : unsaved_) {
    outages_.inverters[id] = saved.outages;
    batteries_.inverters[id] = saved.battery;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now < next_try_) return;
  const bool are_outages_saved = outages_file_.Save(outages_.ToJson());
  const bool is_battery_saved = battery_file_.Save(batteries_.ToJson());
  if (!are_outages_saved || !is_battery_saved) {
    next_try_ = now + kPauseAfterFailure;
    return;
  }
  next_try_ = {};
  for (const auto& [id, saved] : std::exchange(unsaved_, {})) on_saved_(id, saved);
}

}  // namespace aims
