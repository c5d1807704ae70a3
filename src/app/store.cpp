#include "app/store.h"

namespace aims {
namespace {

// A disk that is full now is so in a second, too.
constexpr std::chrono::seconds kPauseAfterFailure{30};

}  // namespace

Keeper::Keeper(const std::string& data_directory)
    : outages_file_(data_directory, "outages.json"),
      battery_file_(data_directory, "battery.json"),
      outages_(outages_file_.Load<OutageMemory>()),
      batteries_(battery_file_.Load<BatteryMemory>()) {}

Inverter Keeper::Recall(const InverterOptions& options) {
  const auto outages = outages_.inverters.find(options.device.id);
  const auto battery = batteries_.inverters.find(options.device.id);
  return Inverter(options, outages == outages_.inverters.end() ? Outages::Memory{} : outages->second,
                  battery == batteries_.inverters.end() ? BatteryMemory::Entry{} : battery->second);
}

void Keeper::Keep(Inverter& inverter, const Due& due) {
  if (!due.outages && !due.battery) return;
  const std::string& id = inverter.device().id;
  const auto now = std::chrono::steady_clock::now();
  outages_.inverters[id] = inverter.outages();
  batteries_.inverters[id] = inverter.battery();
  if (now < next_try_) return;
  const bool are_outages_kept = !due.outages || outages_file_.Save(outages_.ToJson());
  const bool is_battery_kept = battery_file_.Save(batteries_.ToJson());
  if (is_battery_kept) inverter.Kept(now);
  next_try_ = are_outages_kept && is_battery_kept ? Inverter::Time{} : now + kPauseAfterFailure;
}

}  // namespace aims
