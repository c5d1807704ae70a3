// Events that wait: in order, each until the broker has acknowledged it, across broken connections and restarts.
// Pure. When they are sent, and where they are saved, is event_sender's.

#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "inverter/power_events.h"

namespace aims {

class EventQueue {
 public:
  // So many are kept; then the oldest is forgotten for a new one.
  static constexpr size_t kMost = 200;

  // False: the oldest had to go.
  bool Add(PowerEvent event);

  bool empty() const { return events_.empty(); }
  size_t size() const { return events_.size(); }
  const PowerEvent& oldest() const { return events_.front(); }

  // Events that have arrived, perhaps before Home Assistant listened, go first again.
  void PutBack(const std::vector<PowerEvent>& events);

  // Forgets the others; how many they were.
  size_t KeepOnly(const std::function<bool(const PowerEvent&)>& is_kept);

  // The event of that id has arrived.
  void Told(std::string_view id);

  // {"version": 1, "events": [{"inverter": …, "event_type": …, "id": …, "time": …}, …]}; of some also
  // "fault_voltage"
  std::string ToJson() const;
  // kBadReply: it is not what ToJson writes, in any part.
  static Result<EventQueue> FromJson(std::string_view json);

 private:
  std::deque<PowerEvent> events_;
};

}  // namespace aims
