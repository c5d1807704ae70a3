// What was read of one inverter of late, for the page's plots.
// Pure. Readings and the time come in, rows go out: 15 minutes by the second, a day by ten seconds, and 90 days by ten
// minutes. The rows of this run are timed by the clock that does not jump; what a person sees of them is by the clock
// of that moment.

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "inverter/snapshot.h"
#include "page/row.h"

namespace aims::page {

enum class Period { k15Minutes, kDay, k90Days };
inline constexpr std::array<std::string_view, 3> kPeriods{"15m", "24h", "90d"};

// How long a row of a period is, and how far back it goes.
struct Scale {
  std::chrono::seconds step;
  std::chrono::seconds span;

  size_t rows() const { return static_cast<size_t>(span / step); }
};
inline constexpr std::array<Scale, 3> kScales{{{std::chrono::seconds(1), std::chrono::minutes(15)},
                                               {std::chrono::seconds(10), std::chrono::hours(24)},
                                               {std::chrono::minutes(10), std::chrono::hours(24 * 90)}}};
constexpr const Scale& ScaleOf(Period period) { return kScales[static_cast<size_t>(period)]; }

class History {
 public:
  // `earlier`: rows of ten minutes of earlier runs, in any order.
  explicit History(std::vector<Row> earlier = {});

  // To be called with each reading; a snapshot without one leaves a gap.
  void Add(const Snapshot& snapshot, Moment now);

  // The rows of a period as they are known now, the oldest first, with that which is not over.
  std::vector<Row> Rows(Period period, Moment now) const;

  // The rows of ten minutes that were not taken yet, as they are to be kept; `all`: with that which is not over,
  // because the program ends.
  std::vector<Row> TakeUnsaved(Moment now, bool all);
  bool has_unsaved() const { return unsaved_ > 0; }

 private:
  // Least, sum and most of one value in an interval.
  struct Gathered {
    double least = 0;
    double sum = 0;
    double most = 0;
    unsigned count = 0;

    void Add(double least_now, double now, double most_now);
    template <typename Values>
    Values Get() const;
  };
  struct Interval {
    Gathered battery_voltage, utility_voltage, output_voltage, load, battery_charge;
    unsigned count = 0;
    unsigned on_battery = 0;

    void Add(const Snapshot& snapshot);
    Row ToRow(uint32_t begin) const;
  };
  // The rows of one period; their times are of the steady clock, in s.
  struct Ring {
    std::deque<Row> rows{};
    uint32_t begin = 0;  // of the interval
    Interval interval{};
  };

  std::array<Ring, kPeriods.size()> rings_;
  std::vector<Row> earlier_;
  size_t unsaved_ = 0;  // of the rows of ten minutes, the newest
};

}  // namespace aims::page
