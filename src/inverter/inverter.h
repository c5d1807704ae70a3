// One inverter: who it is, what is known of it, and what follows from that. Outcomes of polls and the time come in, an
// update goes out. It knows none of its listeners (listener.h).
// Pure.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inverter/battery.h"
#include "inverter/battery_watch.h"
#include "inverter/energy.h"
#include "inverter/listener.h"
#include "inverter/options.h"
#include "inverter/outages.h"
#include "inverter/power_events.h"
#include "inverter/reading.h"
#include "inverter/saved_state.h"
#include "inverter/sentences.h"
#include "inverter/shutdown_advisor.h"
#include "inverter/snapshot.h"
#include "inverter/supply.h"
#include "inverter/utility.h"

namespace aims {

class Inverter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  static constexpr int kMissesUntilSilent = 3;  // in a row
  // Between two polls; what lies further apart is a gap, in which the battery was not watched.
  static constexpr std::chrono::minutes kLongestStep{3};
  // So much later than the poll interval a poll may come. After more it is unknown whether the utility was there.
  static constexpr std::chrono::seconds kLatest{10};

  // `saved`: what an earlier run knew. Ids of events begin with `run`, which no other run has, but for those of an
  // outage: a run after a sudden end gives them the same again. `boot`: of the host, for its clock.
  explicit Inverter(const InverterOptions& options, const SavedInverter& saved = {}, std::string run = {},
                    std::string boot = {});

  Update Apply(Reading reading, Moment now);  // a poll brought `reading`
  Update Missed(Moment now);                  // a poll failed; the third in a row means that the inverter is silent
  Update Gone(Moment now);                    // the device is gone: there is nothing to wait for

  // A test is about to be asked for, or the inverter refused it.
  Update BeginTest(Command command, Moment now);
  Update DropTest(Moment now);
  // A NUT client that is allowed to has asked for a shutdown: it is advised at once, and withdrawn as any advice is.
  // Without an outage nothing happens.
  Update RequestShutdown(Moment now);
  // These are logged in to the NUT server, and wait for advice.
  Update SetNutClients(std::vector<NutClient> clients, Moment now);

  // `saved` is on the disk: energy is told as far as that.
  void OnSaved(const SavedInverter& saved, Time now);

  const Device& device() const { return device_; }
  const Snapshot& snapshot() const { return snapshot_; }
  Supply supply() const { return supply_; }                                             // by the last reading
  std::optional<double> nominal_utility_voltage() const { return utility_.nominal(); }  // V
  const Outages::SavedState& outages() const { return outages_.saved_state(); }
  bool was_read() const { return was_read_; }  // a good reading came in this run
  int misses() const { return misses_; }       // in a row, up to kMissesUntilSilent
  SavedInverter saved() const;

 private:
  Update Silence(Moment now);
  Battery::Seconds Passed(Time now);
  void TakeForPack(Reading& reading);
  void TakeForTemperature(Reading& reading);
  void FollowRestart(Moment now);
  void FollowClock(Moment now, Update& update);
  double FollowBattery(const Reading& reading, Battery::Seconds time);
  void FollowSupply(const Reading& reading, double energy, Update& update);
  void FollowOutage(const Reading& reading, Input input, double energy, Update& update);
  void TellSupply(Supply before, const Reading& reading, Update& update) const;
  void TellEnd(const Reading& reading, Update& update);
  void FollowBriefOutage(const Reading& reading, Update& update);
  void Conclude(Update& update);
  void Estimate();
  void CapAtEnd();
  void FollowAdvice(Time now);
  void Show();
  void ShowEnergy();
  void TellChanges(const Snapshot& before, Update& update);
  void DecideSaves(bool was_advised, Update& update) const;
  void AddEvent(EventType type, Update& update, std::optional<double> fault_voltage = {});
  std::optional<uint64_t> OutageOf(EventType type) const;
  std::string NextId(EventType type);
  std::optional<Status> StatusNow() const;

  Device device_;
  std::string run_;
  std::string boot_;
  unsigned events_told_ = 0;  // in this run
  // How often in the outage of that number.
  std::array<unsigned, kEventTypes.size()> told_in_outage_{};
  uint64_t told_of_ = 0;
  std::optional<uint64_t> advised_in_;  // the outage in which a shutdown is advised
  bool has_battery_priority_;
  std::optional<double> nominal_voltage_;
  std::optional<double> safety_voltage_;  // V of the pack, below which lead is nearly empty
  Duration longest_step_;                 // between two polls that were not interrupted
  double shutdown_runtime_;               // s
  Snapshot snapshot_;
  PowerEvents events_;
  BriefOutages brief_outages_;
  Utility utility_;
  Outages outages_;
  Battery battery_;
  SupplyWatch supply_watch_;
  Supply supply_ = Supply::kUtility;  // by the last reading
  BatteryWatch watch_;
  Energy energy_;
  ShutdownAdvisor advisor_;
  SavedBatteries::Entry saved_battery_;  // as it is on the disk
  bool is_same_boot_;                    // the saved state is of this start of the host
  bool was_pack_;                        // 3 V or more were seen: what is less is no voltage of one cell
  bool has_thermometer_;                 // it has told another temperature than 0.0
  WallTime heard_at_{};                  // the last outcome of a poll
  // The first outcome, and the last save before that, by the clocks of two starts of the host.
  struct Restart {
    WallTime saved_at, at;
  };
  std::optional<Restart> restart_;  // until the clock is set
  // Of the last reading in an outage.
  struct LastWords {
    double voltage;  // V
    bool is_low;
  };
  std::optional<LastWords> last_words_;
  std::optional<Range> charge_;   // 0-1, as far as it is known
  std::optional<Range> runtime_;  // s, likewise
  bool was_read_ = false;
  int misses_ = 0;
  std::optional<Time> followed_at_;
  std::optional<Time> silent_since_;
};

}  // namespace aims
