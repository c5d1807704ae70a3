// What is known of one inverter, and what of it is due to be told. Pure: outcomes of polls and the time come in, the
// next thing to tell goes out. Whoever listens (MQTT is the first) learns from here when to speak.

#pragma once

#include <chrono>

#include "reading.h"
#include "snapshot.h"

namespace aims {

// What a poll's outcome makes due.
enum class Tell {
  kNothing,
  kState,    // the snapshot
  kOnline,   // the snapshot, then that the inverter answers
  kOffline,  // that it no longer answers, then the snapshot
};

class Inverter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr int kMissesUntilSilent = 3;  // in a row

  // Measurements that changed are told at most every `report_interval` on mains, and every 2 s or less on battery;
  // everything at least once a minute, as far as a poll every `poll_interval` lets it.
  Inverter(Duration poll_interval, Duration report_interval)
      : poll_interval_(poll_interval), report_interval_(report_interval) {}

  Tell Read(const Reading& reading, Time now);  // a poll brought `reading`
  Tell Missed(Time now);                        // a poll failed; the third in a row means that the inverter is silent
  Tell Gone(Time now);                          // the device is gone: there is nobody to wait for

  // Whoever tells everything without being asked (after a reconnect) says so, and the pace goes on from there.
  void Told(Time now);

  const Snapshot& snapshot() const { return snapshot_; }
  bool was_read() const { return was_read_; }  // a good reading came in this run

 private:
  Tell Silence(Time now);
  Tell StateIfDue(Time now);

  Duration poll_interval_;
  Duration report_interval_;
  Snapshot snapshot_;
  bool was_read_ = false;
  int misses_ = 0;  // in a row
  Snapshot told_;
  Time told_at_{};
};

}  // namespace aims
