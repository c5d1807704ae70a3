#include "app/store.h"

#include <future>
#include <thread>
#include <utility>

namespace aims {
Store::Store(asio::any_io_executor executor, const std::string& data_directory, OnSaved on_saved,
             std::chrono::milliseconds pause)
    : outages_file_(data_directory, "outages.json"),
      battery_file_(data_directory, "battery.json"),
      outages_(outages_file_.Load<SavedOutages>()),
      batteries_(battery_file_.Load<SavedBatteries>()),
      on_saved_(std::move(on_saved)),
      save_(executor, [this] { Save(); }),
      retry_(executor, [this] { Save(); }),
      pause_(pause) {}

SavedInverter Store::Load(const std::string& inverter) {
  known_.insert(inverter);
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

void Store::SaveAtStop(const std::vector<const Inverter*>& inverters, std::chrono::milliseconds limit) {
  for (const Inverter* inverter : inverters) unsaved_[inverter->device().id] = inverter->saved();
  std::promise<void> written;
  const auto done = written.get_future();
  std::thread([this, promise = std::move(written)]() mutable {
    Write();
    promise.set_value();
  }).detach();
  done.wait_for(limit);
}

bool Store::Write() {
  for (const auto& [id, saved] : unsaved_) {
    outages_.inverters[id] = saved.outages;
    batteries_.inverters[id] = saved.battery;
  }
  const bool are_outages_saved = outages_file_.Save(outages_.Fit(known_, DataFile::kLargest));
  const bool is_battery_saved = battery_file_.Save(batteries_.Fit(known_, DataFile::kLargest));
  return are_outages_saved && is_battery_saved;
}

void Store::Save() {
  if (const auto now = std::chrono::steady_clock::now(); now < next_try_) return retry_.Set(next_try_);
  if (!Write()) {
    next_try_ = std::chrono::steady_clock::now() + pause_;
    return retry_.Set(next_try_);
  }
  next_try_ = {};
  for (const auto& [id, saved] : std::exchange(unsaved_, {})) on_saved_(id, saved);
}

}  // namespace aims
