// An outage as it would be told of this inverter and its battery, played fast: the utility goes, the battery runs down
// until the inverter says that it is low, the utility comes back and holds. Pure: it makes readings and says how much
// time passes between them; an Inverter of its own makes of them what it makes of real ones.

#pragma once

#include <chrono>
#include <optional>

#include "inverter/battery.h"
#include "inverter/reading.h"
#include "inverter/snapshot.h"

namespace aims {

class Rehearsal {
 public:
  struct Step {
    Reading reading;
    std::chrono::milliseconds passed;  // since the step before, in the time of the outage
  };

  // One step is played in so much time, a whole rehearsal in about two and a half minutes. The last of them nothing
  // happens any more, so that whoever looks once a minute has seen how it ended.
  static constexpr std::chrono::milliseconds kPace{250};

  // `like`: what the real inverter says now, whose voltages and load are taken; without it those of a PICOGLF at a
  // quarter of its load.
  Rehearsal(const BatteryOptions& battery, const std::optional<Reading>& like);

  // The next step, where `seen` is what the Inverter made of those before. Nothing: it is over.
  std::optional<Step> Next(const Snapshot& seen);

 private:
  enum class Act { kBefore, kOutage, kCharging, kFloating, kHolding, kOver };

  Step OnMains(double block_voltage, std::chrono::milliseconds passed) const;
  Step OnBattery(double charge, std::chrono::milliseconds passed) const;
  void Turn(Act act);

  BatteryOptions battery_;
  double blocks_;
  Reading mains_;
  Act act_ = Act::kBefore;
  int step_ = 0;  // of this act
  double charge_ = 1;
  std::chrono::milliseconds in_outage_{0};  // a step
};

}  // namespace aims
