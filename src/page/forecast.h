// What happens next, if the load stays as it is.
// Pure. When the battery would be empty, and when a shutdown would be advised before that; or which options are missing
// to say so.

#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "inverter/options.h"
#include "inverter/snapshot.h"

namespace aims::page {

struct Forecast {
  std::optional<double> runtime{};        // s on battery until it is empty
  std::optional<Spread> runtime_range{};  // s
  // s until a shutdown is advised, from now, or from a failure now; nothing: unknown, or it is advised.
  std::optional<double> advised_in{};
  std::vector<std::string_view> missing{};  // options without which there is no runtime, by their paths
};

Forecast ForecastOf(const Snapshot& snapshot, const InverterOptions& options, WallTime now);

}  // namespace aims::page
