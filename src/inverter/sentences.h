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

namespace aims {

// "utility 111.0 V, battery 13.5 V, load 0 %"
std::string Summary(const Reading& reading);

// A line for each flag in which `after` differs from `before`, except utility power, which Began and Ended tell
// better. The shutdown flag is not worth one: it comes with every outage.
std::vector<LogLine> Changes(const Reading& before, const Reading& after);

// That it went on battery, or that the cause is worse than it seemed; that it is over.
LogLine Began(const Outage& outage, const Reading& reading);
LogLine Ended(const Outage& outage, const Reading& reading);
// What a discharge taught of the capacity, as a share of what the options say.
LogLine Learned(const Range& capacity);
LogLine BatteryFull();
// That the runtime is `runtime` s, and longer than it seemed.
LogLine RuntimeCorrected(double runtime);
// That the power failed and came back between two polls; `voltage`: V at the input.
LogLine BriefOutage(double voltage);
LogLine ClockWasSet();
LogLine ShutdownAdvised(const std::vector<ShutdownAdvisor::Reason>& reasons);
LogLine ShutdownWithdrawn();
// That the battery does not look as if it will hold, and that it does again.
LogLine BatteryProblem();
LogLine BatteryWell();

// "45 s", "12 min", "5 h".
std::string InWords(std::chrono::steady_clock::duration time);

// Bytes from the wire as they can be shown: "(111.0 \x00\xff", cut to 80 characters.
std::string Printable(std::string_view bytes);

}  // namespace aims
