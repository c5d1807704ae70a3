// An outage as it would be told of this inverter and its battery, played fast: the utility goes, the battery runs down
// until the inverter says that it is low, the utility comes back and holds. Pure: it makes readings and says how much
// time passes between them; an Inverter of its own makes of them what it makes of real ones. The battery is a model
// (battery_model.h) of the size that the owner says.

#pragma once

#include <chrono>
#include <optional>

#include "inverter/battery.h"
#include "inverter/battery_model.h"
#include "inverter/reading.h"

namespace aims {

class Rehearsal {
 public:
  struct Step {
    Reading reading;
    std::chrono::milliseconds passed;  // since the step before, in the time of the outage
  };

  // One step is played in so much time, a whole rehearsal in about two and a half minutes. The last of them nothing
  // happens any more, so that an automation that looks once a minute has seen how it ended.
  static constexpr std::chrono::milliseconds kPace{250};

  // `like`: what the real inverter says now, whose voltages and load are taken; without it those of a PICOGLF at a
  // quarter of its load.
  Rehearsal(const BatteryOptions& battery, const std::optional<Reading>& like);

  // Nothing: it is over.
  std::optional<Step> Next();

 private:
  enum class Act { kBefore, kOutage, kCharging, kFloating, kHolding, kOver };

  Step OnMains(double block_voltage, std::chrono::milliseconds passed) const;
  Step OnBattery(std::chrono::milliseconds passed) const;
  bool IsOver(const BatteryModel& battery) const;
  std::chrono::milliseconds PlayedAtOnce() const;
  void Turn(Act act);

  double blocks_;
  Reading mains_;
  bool is_lithium_;
  double power_;  // W out of the battery
  BatteryModel battery_;
  Act act_ = Act::kBefore;
  int step_ = 0;                            // of this act
  std::chrono::milliseconds in_outage_{0};  // a step
};

}  // namespace aims
