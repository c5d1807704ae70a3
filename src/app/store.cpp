#include "app/store.h"

#include <algorithm>
#include <utility>

namespace aims {
namespace {

constexpr size_t kMostRecordChanges = 10;  // in a minute: five outages begin and end
// After that. A full history is 30 kB: every two minutes that is less than 50 MB a day.
constexpr std::chrono::minutes kRecordsPause{2};

}  // namespace

Store::Store(const DataFolder& folder, OnSaved on_saved)
    : outages_file_(folder, "outages.json"),
      battery_file_(folder, "battery.json"),
      outages_(outages_file_.Load<SavedOutages>()),
      batteries_(battery_file_.Load<SavedBatteries>()),
      on_saved_(std::move(on_saved)),
      save_(folder.executor, [this] { Save(); }),
      later_(folder.executor, [this] { Save(); }) {}

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
  unsaved_[inverter.device().id] = {inverter.saved(), ++changes_};
  SavePace& pace = paces_.try_emplace(inverter.device().id, kRecordsPause, kMostRecordChanges).first->second;
  const auto due = pace.DueAfterChange(update.now.steady);
  if (due <= update.now.steady) return save_.Ask();
  later_.Set(std::min(due, later_.time().value_or(due)));
}

void Store::SaveAtStop(const std::vector<const Inverter*>& inverters) {
  for (const Inverter* inverter : inverters) unsaved_[inverter->device().id] = {inverter->saved(), ++changes_};
  Save();
  outages_file_.SaveAtStop();
  battery_file_.SaveAtStop();
}

void Store::Save() {
  for (const auto& [id, unsaved] : unsaved_) {
    outages_.inverters[id] = unsaved.state.outages;
    batteries_.inverters[id] = unsaved.state.battery;
  }
  outages_file_.Save(outages_.Fit(known_, DataFile::kLargest));
  // The disk's jobs are done in their order: with this one, both files are there.
  battery_file_.Save(batteries_.Fit(known_, DataFile::kLargest), [this, changes = unsaved_] { Written(changes); });
}

void Store::Written(const Changes& changes) {
  for (const auto& [id, written] : changes) {
    const auto unsaved = unsaved_.find(id);
    if (unsaved == unsaved_.end()) continue;
    if (unsaved->second.number == written.number) unsaved_.erase(unsaved);
    on_saved_(id, written.state);
  }
}

}  // namespace aims
