// What the inverters have to remember across restarts, and the two files it is kept in: outages.json, which is written
// when something happens, and battery.json, which is written as energy is counted. Pure.

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "inverter/battery.h"
#include "inverter/energy.h"
#include "inverter/outages.h"
#include "inverter/supply.h"

namespace aims {

// A record as it is kept, and as Home Assistant shows it as attributes:
// {"begin": …, "end": …, "end_earliest": …, "duration": s, "cause": "no mains", "lowest_battery_voltage": V,
//  "highest_load": %, "energy": Wh, "battery_low": false, "gaps": 0, "interruptions": 0, "uncertain": false};
// null where nothing is known.
void WriteOutage(JsonWriter& json, const Outage& outage);

// {"version": 1, "inverters": {"<id>": {"total": 3, "last_seen": …, "boot": "1a2b3c4d", "clock": ms, "running": null,
//  "outages": [ … ]}}}; a record has "boot" and "end_boot", too.
// Version 1.0.0 took a test, and being on battery with the utility in range, for no outage. It wrote them as "running",
// too, without "interruptions".
struct SavedOutages {
  std::map<std::string, Outages::SavedState> inverters;

  std::string ToJson() const;
  // The same in at most `most` bytes, so that it can be read again. What is too much is dropped: first inverters that
  // are not among `known`, those unseen longest first, then the oldest records.
  std::string Fit(const std::set<std::string>& known, size_t most);
  // kBadReply: it is not what ToJson writes, in any part.
  static Result<SavedOutages> FromJson(std::string_view json);
};

// {"version": 1, "inverters": {"<id>": {"charge": 0-1, …, "energy_total": Wh, "shutdown_advised": false}}}
struct SavedBatteries {
  struct Entry {
    Battery::SavedState battery{};
    Energy::SavedState energy{};
    bool shutdown_advised = false;
    bool was_pack = false;                    // a battery voltage of 3 V or more was seen
    bool has_thermometer = false;             // another temperature than 0.0 was
    std::optional<double> utility_voltage{};  // V, nominal, as it was learned
    SupplyWatch::SavedState supply{};
    WallTime saved_at{};  // as things were then
    std::string boot{};   // of the host, then; empty: unknown

    bool operator==(const Entry&) const = default;
  };
  std::map<std::string, Entry> inverters;

  std::string ToJson() const;
  std::string Fit(const std::set<std::string>& known, size_t most);
  static Result<SavedBatteries> FromJson(std::string_view json);
};

// Of one inverter.
struct SavedInverter {
  Outages::SavedState outages{};
  SavedBatteries::Entry battery{};
};

}  // namespace aims
