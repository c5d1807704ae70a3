// One inverter: who it is, what is known of it, what follows from that, and what of it all is due to be told or kept.
// Pure: outcomes of polls and the time come in, the next thing to tell goes out. Whoever listens (MQTT is the first)
// learns from here when to speak.

#pragma once

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "inverter/battery.h"
#include "inverter/battery_watch.h"
#include "inverter/energy.h"
#include "inverter/outages.h"
#include "inverter/power_events.h"
#include "inverter/reading.h"
#include "inverter/saved_state.h"
#include "inverter/sentences.h"
#include "inverter/shutdown_advisor.h"
#include "inverter/snapshot.h"
#include "options/options.h"

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
  std::vector<EventType> events{};        // in their order
  std::vector<Entry> lines{};             // for the log
  std::optional<double> fault_voltage{};  // V, where the power was lost and restored between two polls
  bool outages = false;                   // are to be kept
  bool battery = false;                   // and energy are
};

class Inverter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr int kMissesUntilSilent = 3;  // in a row
  // Between two polls; what lies further apart was a sleep, of which nobody knows how the battery spent it.
  static constexpr std::chrono::minutes kLongestStep{2};

  // Measurements that changed are told at most every report_interval on mains, and every 2 s or less on battery;
  // everything at least once a minute, as far as a poll every poll_interval lets it.
  explicit Inverter(const InverterOptions& options, const Outages::Memory& outages = {},
                    const BatteryMemory::Entry& battery = {});

  Due Read(Reading reading, Moment now);  // a poll brought `reading`
  Due Missed(Moment now);                 // a poll failed; the third in a row means that the inverter is silent
  Due Gone(Moment now);                   // the device is gone: there is nobody to wait for

  // Whoever tells everything without being asked (after a reconnect) says so, and the pace goes on from there.
  void Told(Time now);
  // What `battery` of a Due asked for is kept: energy is told as far as that.
  void Kept(Time now);

  const Device& device() const { return device_; }
  const Snapshot& snapshot() const { return snapshot_; }
  bool was_read() const { return was_read_; }  // a good reading came in this run
  const Outages::Memory& outages() const { return outages_.memory(); }
  BatteryMemory::Entry battery() const { return {battery_.memory(), energy_.memory(), advisor_.is_advised()}; }

 private:
  Due Silence(Moment now);
  Tell StateIfDue(Time now);
  double Follow(const Reading& reading, Battery::Seconds time);
  void FollowOutage(const Reading& reading, double energy, Moment now, Due& due);
  void FollowFlicker(const Reading& reading, Moment now, Due& due);
  void Derive(Moment now, Due& due);
  void ShowEnergy();
  Battery::Seconds Passed(Time now);
  std::optional<Status> StatusNow() const;

  Device device_;
  Duration poll_interval_;
  Duration report_interval_;
  std::optional<double> nominal_voltage_;
  Snapshot snapshot_;
  PowerEvents events_;
  Flickers flickers_;
  Outages outages_;
  Battery battery_;
  BatteryWatch watch_;
  Energy energy_;
  ShutdownAdvisor advisor_;
  bool was_read_ = false;
  int misses_ = 0;  // in a row
  std::optional<Time> followed_at_;
  std::optional<Time> silent_since_;
  Battery::Memory kept_;  // of the battery
  Snapshot told_;
  Time told_at_{};
};

}  // namespace aims
