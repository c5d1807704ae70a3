// A measured discharge from full to empty, and what an owner would be shown meanwhile beside what was true: columns for
// bench/discharge to draw. The options say of the battery what is printed on it.

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bench/records.h"

// FILE RECORD
int main(int count, char** words) {
  using namespace aims;
  if (count < 3) return 2;
  const std::vector<records::Record> all = records::Load(words[1]);
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const records::Record& record) { return record.name == words[2]; });
  if (found == all.end()) return 1;
  const records::Track track = records::Played(*found);
  fmt::print(
      "# hour, battery V, charge %: estimate, least, most, true; hours left: estimate, least, most, true; advised\n");
  double next = 0;
  records::Run(*found, track, {records::Typed(*found, track)}, [&](const records::Seen& seen) {
    if (seen.time < next) return;
    next = seen.time + 60;
    const Snapshot& shown = seen.snapshot;
    const Spread charge = shown.battery_charge_range.value_or(Spread{0, 100});
    const Spread runtime = shown.battery_runtime_range.value_or(Spread{});
    fmt::print("{:.4f} {:.1f} {} {} {} {:.1f} {:.3f} {:.3f} {:.3f} {:.3f} {:d}\n", seen.time / 3600,
               shown.reading->battery_voltage, shown.battery_charge.value_or(-1), charge.least, charge.most,
               seen.charge * 100, shown.battery_runtime.value_or(0) / 3600, runtime.least / 3600, runtime.most / 3600,
               seen.left / 3600, shown.shutdown_advised);
  });
}
