// Events that wait: in order, each until the broker has acknowledged it, across broken connections and restarts.
// Pure. When they are sent is event_sender.h's. Those that were sent while it was unknown whether Home Assistant hears
// them are kept behind, to be sent again.

#pragma once

#include <chrono>
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

  // False: the oldest had to go. One that waits already is not added again.
  bool Add(PowerEvent event);

  bool empty() const { return events_.empty(); }  // none waits
  size_t size() const { return events_.size(); }
  const PowerEvent& oldest() const { return events_.front(); }
  // The oldest that `may_go`; null where there is none.
  const PowerEvent* Oldest(const std::function<bool(const PowerEvent&)>& may_go) const;

  // Events that have arrived, perhaps before Home Assistant listened, go first again.
  void PutBack(const std::vector<PowerEvent>& events);

  // Forgets the others; how many they were.
  size_t KeepOnly(const std::function<bool(const PowerEvent&)>& is_kept);

  // The clock was set forward by `jump`: what happened in this run happened then by it.
  void OnClockSet(std::string_view inverter, std::chrono::milliseconds jump);

  // The event of that id has arrived.
  void Told(std::string_view id);
  // The event of that id was sent, and it is unknown who has heard it.
  void ToldPerhaps(std::string_view id);
  // All that was told perhaps waits again.
  void TellAgain();

  // {"version": 1, "events": [{"inverter": …, "event_type": …, "id": …, "time": …}, …], "told_perhaps": […]}; of some
  // also "fault_voltage"
  std::string ToJson() const;
  // kBadReply: it is not what ToJson writes, in any part.
  static Result<EventQueue> FromJson(std::string_view json);

 private:
  std::deque<PowerEvent> events_;
  std::deque<PowerEvent> perhaps_;  // no more than kMost, likewise
};

}  // namespace aims
