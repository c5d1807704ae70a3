// Saves what the inverters have to remember across restarts, in two files below --data (saved_state.h): a listener that
// is told last, so that no other listener waits for the disk. What changes at the same time is one write. What could
// not be written is tried again until it is, and all is written once more at the end.

#pragma once

#include <asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

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

  // A disk that is full now is so in a second, too: what failed is tried again after `pause`.
  Store(asio::any_io_executor executor, const std::string& data_directory, OnSaved on_saved,
        std::chrono::milliseconds pause = std::chrono::seconds(5));

  // What was saved of the inverter with that id; nothing known where there is none. It is one of the options' from now
  // on: records of others are dropped first where a file would be too large.
  SavedInverter Load(const std::string& inverter);

  void OnUpdate(const Inverter& inverter, const Update& update) override;

  // The program ends: writes what is known of `inverters` now, and takes at most `limit` for it. A disk that hangs
  // leaves a thread behind, with which the process must end.
  void SaveAtStop(const std::vector<const Inverter*>& inverters, std::chrono::milliseconds limit);

 private:
  void Save();
  bool Write();

  DataFile outages_file_;
  DataFile battery_file_;
  SavedOutages outages_;
  SavedBatteries batteries_;
  std::map<std::string, SavedInverter> unsaved_;  // by the inverter's id
  std::set<std::string> known_;                   // ids
  OnSaved on_saved_;
  Soon save_;
  Alarm retry_;
  std::chrono::milliseconds pause_;
  std::chrono::steady_clock::time_point next_try_{};  // while it fails
};

}  // namespace aims
