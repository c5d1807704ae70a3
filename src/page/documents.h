// What the page's script reads, as JSON, and the table of outages as CSV.
// Pure.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "page/shown.h"

namespace aims::page {

// {"seq": 12, "time": …, "version": …, "broker": {"connected", "where", "home_assistant", "publishes"},
//  "inverters": [{"id", "name", "model", "state": {the state document},
//                 "next": {"runtime", "least", "most", "advised_in", "missing"},
//                 "wire": {"polls", "misses": {"no answer": 0, …}, "replies": [ … ], "bad_replies": [ … ]}}]}
// Durations are in s. A reply is {"time", "bytes", "fault"}; of all replies the last one is in it.
std::string LiveDocument(uint64_t seq, const std::vector<Shown>& inverters, const World& world, Moment now);

// {"inverter": id, "range": "24h", "step": s, "span": s, "interval": s from poll to poll, "now": s since 1970, "time":
// [s since 1970 …],
//  "on_battery": [% …], "battery_voltage": {"min": [ … ], "mean": [ … ], "max": [ … ]}, …}
// Of each row one element, null where unknown. The min and max of battery_charge are those of its range.
std::string HistoryDocument(const Shown& inverter, Period period, Moment now);

// {"inverters": [{"id", "name", "outages": [{as in the state document's last_outage_record} …]}]}, the newest first;
// one that goes on has no end.
std::string OutagesDocument(const std::vector<Shown>& inverters);

// A line for each outage, the newest of an inverter first, below a line of headings. Times are UTC.
std::string OutagesCsv(const std::vector<Shown>& inverters);

// For a report of a fault: version, options, counts, the newest replies as they came, and the newest lines of the log.
std::string DiagnosticsDocument(const std::vector<Shown>& inverters, const World& world, Moment now);

}  // namespace aims::page
