// What a day in use costs the page: memory of the history, and the time to write a day of it. Prints JSON.

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "inverter/inverter.h"
#include "page/documents.h"
#include "page/shown.h"

int main() {
  using namespace aims;
  using namespace std::chrono_literals;
  using Clock = std::chrono::steady_clock;

  InverterOptions options;
  options.device = {.id = "aims_inverter", .name = "AIMS inverter"};
  Inverter inverter(options);
  WireRecord wire;
  const size_t before = mallinfo2().uordblks;
  page::Shown shown{&options, &inverter, &wire};
  Moment now{Clock::time_point(1000s), WallTime(1'700'000'000s)};
  Snapshot snapshot;
  snapshot.reading = Reading{};
  for (int second = 0; second < 86'400 + 600; ++second) {
    now.steady += 1s;
    now.wall += 1s;
    snapshot.reading->battery_voltage = 12 + second % 20 / 10.0;
    snapshot.reading->utility_voltage = 115 + second % 70 / 10.0;
    snapshot.reading->load = second % 90;
    snapshot.battery_charge = second % 100;
    shown.history.Add(snapshot, now);
  }
  const size_t used = mallinfo2().uordblks - before;
  std::vector<double> took;
  size_t bytes = 0;
  for (int i = 0; i < 21; ++i) {
    const auto start = Clock::now();
    bytes = page::HistoryDocument(shown, page::Period::kDay, now).size();
    took.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(took.begin(), took.end());
  fmt::print("{{\"memory_kb\": {}, \"day_ms\": {:.3f}, \"day_kb\": {}}}\n", used / 1000, took[took.size() / 2],
             bytes / 1000);
}
