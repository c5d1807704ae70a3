// When a state is told over MQTT.
// Pure. A change of a flag, a status or a time is told at once; measurements are told at most every report interval on
// the utility, and every 2 s or less on battery; everything is told at least once a minute.

#pragma once

#include <chrono>

#include "inverter/snapshot.h"

namespace aims {

class ReportPace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // `poll_interval`: how far apart the chances to tell are.
  ReportPace(Duration report_interval, Duration poll_interval)
      : report_interval_(report_interval), poll_interval_(poll_interval) {}

  bool IsDue(const Snapshot& snapshot, Time now) const;
  void OnTold(const Snapshot& snapshot, Time now);

 private:
  Duration report_interval_;
  Duration poll_interval_;
  Snapshot told_;
  Time told_at_{};
};

}  // namespace aims
