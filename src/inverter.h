// One inverter: who it is, what is known of it, and what of that is due to be told. Pure: outcomes of polls and the
// time come in, the next thing to tell goes out. Whoever listens (MQTT is the first) learns from here when to speak.

#pragma once

#include <chrono>
#include <utility>
#include <vector>

#include "options.h"
#include "power_events.h"
#include "reading.h"
#include "snapshot.h"

namespace aims {

enum class Tell {
  kNothing,
  kState,    // the snapshot
  kOnline,   // the snapshot, then that the inverter answers
  kOffline,  // that it no longer answers, then the snapshot
};

// What a poll's outcome makes due.
struct Due {
  Tell tell = Tell::kNothing;
  std::vector<EventType> events;  // in their order

  bool operator==(const Due&) const = default;
};

class Inverter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr int kMissesUntilSilent = 3;  // in a row

  // Measurements that changed are told at most every report_interval on mains, and every 2 s or less on battery;
  // everything at least once a minute, as far as a poll every poll_interval lets it.
  explicit Inverter(const InverterOptions& options)
      : device_(options.device), poll_interval_(options.poll_interval), report_interval_(options.report_interval) {}

  Due Read(const Reading& reading, Time now);  // a poll brought `reading`
  Due Missed(Time now);                        // a poll failed; the third in a row means that the inverter is silent
  Due Gone(Time now);                          // the device is gone: there is nobody to wait for

  // Whoever tells everything without being asked (after a reconnect) says so, and the pace goes on from there.
  void Told(Time now);

  const Device& device() const { return device_; }
  const Snapshot& snapshot() const { return snapshot_; }
  bool was_read() const { return was_read_; }  // a good reading came in this run

 private:
  Due Silence(Time now);
  Tell StateIfDue(Time now);

  Device device_;
  Duration poll_interval_;
  Duration report_interval_;
  Snapshot snapshot_;
  PowerEvents events_;
  bool was_read_ = false;
  int misses_ = 0;  // in a row
  Snapshot told_;
  Time told_at_{};
};

}  // namespace aims
