// What an inverter's listeners are told: each reading, each miss and each loss, as an update. A listener decides by
// itself what to tell, and when: MQTT keeps a pace, the store saves, a server answers from what it heard last.
// Pure.

#pragma once

#include <chrono>
#include <vector>

#include "base/log_level.h"
#include "base/time.h"
#include "inverter/power_events.h"

namespace aims {

class Inverter;

enum class Connection { kSame, kBack, kLost };

// What one outcome of a poll changed. The state itself is in the inverter's snapshot.
struct Update {
  Moment now{};
  bool is_reading = false;  // a poll brought one
  Connection connection = Connection::kSame;
  std::chrono::milliseconds clock_set{0};  // so much forward, since the update before
  std::vector<PowerEvent> events{};        // in their order
  std::vector<LogLine> lines{};            // for the log
  bool save_outages = false;
  bool save_battery = false;  // and energy
};

class Listener {
 public:
  virtual void OnUpdate(const Inverter& inverter, const Update& update) = 0;

 protected:
  ~Listener() = default;
};

}  // namespace aims
