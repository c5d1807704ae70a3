// Saves what the inverters have to remember across restarts, in two files below --data (saved_state.h): a listener that
// is told last, so that no other listener waits for the disk. What changes at the same time is one write.

#pragma once

#include <asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "inverter/inverter.h"
#include "inverter/listener.h"
#include "inverter/saved_state.h"
#include "io/data_file.h"
#include "io/soon.h"

namespace aims {

class Store final : public Listener {
 public:
  // What is on the disk now, of one inverter.
  using OnSaved = std::function<void(const std::string& inverter, const SavedInverter& saved)>;

  Store(asio::any_io_executor executor, const std::string& data_directory, OnSaved on_saved);

  // What was saved of the inverter with that id; nothing known where there is none.
  SavedInverter Load(const std::string& inverter) const;

  void OnUpdate(const Inverter& inverter, const Update& update) override;

 private:
  void Save();

  DataFile outages_file_;
  DataFile battery_file_;
  SavedOutages outages_;
  SavedBatteries batteries_;
  std::map<std::string, SavedInverter> unsaved_;  // by the inverter's id
  OnSaved on_saved_;
  Soon save_;
  std::chrono::steady_clock::time_point next_try_{};  // while it fails
};

}  // namespace aims
