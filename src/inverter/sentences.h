// What a person reads in the log about readings: a line for each change of state, none for measurements. Pure.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_level.h"
#include "inverter/battery.h"
#include "inverter/outages.h"
#include "inverter/reading.h"
#include "inverter/shutdown_advisor.h"
#include "inverter/supply.h"

namespace aims {

// "utility 111.0 V, battery 13.5 V, load 0 %"
std::string Summary(const Reading& reading);

// A line for each flag in which `after` differs from `before`, except for that it is on battery, which Began and Ended
// tell better. The shutdown flag is not worth one: it comes with every outage. `supply`: what a low battery means.
std::vector<LogLine> Changes(const Reading& before, const Reading& after, Supply supply);

// That an outage began, or that its cause is worse than it seemed; that the utility was taken, which may be for
// seconds; that it is over.
LogLine Began(const Outage& outage, const Reading& reading);
LogLine Interrupted(const Reading& reading);
LogLine Ended(const Outage& outage, const Reading& reading);
// That it runs on battery and this is no outage; that this is over.
LogLine OnBattery(Supply supply, const Reading& reading);
LogLine BackOnUtility(const Reading& reading);
// What outages with the utility in range may be instead.
inline constexpr std::string_view kBatteryPriorityHint =
    "the inverter ran on battery twice or more although the utility was in range: if that is on purpose, turn on the "
    "option battery_priority, but only if SW5 is set to battery priority, never with a generator or home battery";
// "on battery although the utility shows 118 V"
std::string MainsPresent(double volts);
// What a discharge taught of the capacity, as a share of what the options say.
LogLine Learned(const Range& capacity);
LogLine BatteryFull();
// That the runtime is `runtime` s, and longer than it seemed.
LogLine RuntimeCorrected(double runtime);
// That the power failed and came back between two polls; `voltage`: V at the input.
LogLine BriefOutage(double voltage);
LogLine ClockWasSet();
LogLine ShutdownAdvised(const std::vector<ShutdownAdvisor::Reason>& reasons, bool may_switch_off);
// The same where a shutdown was advised before that.
LogLine MaySwitchOff();
LogLine ShutdownWithdrawn();
// That the battery does not look as if it will hold, and that it does again.
LogLine BatteryProblem();
LogLine BatteryWell();

// "45 s", "12 min", "5 h".
std::string InWords(std::chrono::steady_clock::duration time);

// Bytes from the wire as they can be shown: "(111.0 \x00\xff", cut to 80 characters.
std::string Printable(std::string_view bytes);

}  // namespace aims
