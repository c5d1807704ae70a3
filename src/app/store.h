// Saves what the inverters have to remember across restarts, in two files below --data (saved_state.h): a listener that
// is told last. What changes at the same time is one write, what changes all the time is written now and then
// (save_pace.h), and all is written once more at the end.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/save_pace.h"
#include "inverter/inverter.h"
#include "inverter/listener.h"
#include "inverter/saved_state.h"
#include "io/alarm.h"
#include "io/data_file.h"
#include "io/soon.h"

namespace aims {

class Store final : public Listener {
 public:
  // What is on the disk now, of one inverter.
  using OnSaved = std::function<void(const std::string& inverter, const SavedInverter& saved)>;

  Store(const DataFolder& folder, OnSaved on_saved);

  // What was saved of the inverter with that id; nothing known where there is none. It is one of the options' from now
  // on: records of others are dropped first where a file would be too large.
  SavedInverter Load(const std::string& inverter);

  void OnUpdate(const Inverter& inverter, const Update& update) override;

  // The program ends: what is known of `inverters` now is asked of the disk.
  void SaveAtStop(const std::vector<const Inverter*>& inverters);

 private:
  struct Unsaved {
    SavedInverter state;
    uint64_t number;  // of the change
  };
  using Changes = std::map<std::string, Unsaved>;  // by the inverter's id

  void Save();
  void Written(const Changes& changes);

  DataFile outages_file_;
  DataFile battery_file_;
  SavedOutages outages_;
  SavedBatteries batteries_;
  Changes unsaved_;
  uint64_t changes_ = 0;
  std::map<std::string, SavePace> paces_;
  std::set<std::string> known_;  // ids
  OnSaved on_saved_;
  Soon save_;
  Alarm later_;
};

}  // namespace aims
