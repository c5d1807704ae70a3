#include "page/history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace aims::page {
namespace {

using std::chrono::seconds;

uint32_t SteadySeconds(Moment now) {
  return static_cast<uint32_t>(std::chrono::duration_cast<seconds>(now.steady.time_since_epoch()).count());
}

int64_t WallSeconds(Moment now) { return std::chrono::floor<seconds>(now.wall).time_since_epoch().count(); }

// Rows by the steady clock as rows of the day's.
class ToWall {
 public:
  explicit ToWall(Moment now) : ahead_(WallSeconds(now) - SteadySeconds(now)) {}

  Row operator()(Row row) const {
    constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
    row.begin = static_cast<uint32_t>(std::clamp<int64_t>(row.begin + ahead_, 0, kMost));
    return row;
  }

 private:
  int64_t ahead_;
};

}  // namespace

History::History(std::vector<Row> earlier) : earlier_(std::move(earlier)) {
  std::sort(earlier_.begin(), earlier_.end(), [](const Row& a, const Row& b) { return a.begin < b.begin; });
  const size_t most = ScaleOf(Period::k90Days).rows();
  if (earlier_.size() > most) earlier_.erase(earlier_.begin(), earlier_.end() - static_cast<std::ptrdiff_t>(most));
}

void History::Add(const Snapshot& snapshot, Moment now) {
  if (!snapshot.reading) return;
  const uint32_t second = SteadySeconds(now);
  for (size_t i = 0; i < rings_.size(); ++i) {
    Ring& ring = rings_[i];
    const auto step = static_cast<uint32_t>(kScales[i].step.count());
    const uint32_t begin = second - second % step;
    if (ring.interval.count > 0 && begin != ring.begin) {
      ring.rows.push_back(ring.interval.ToRow(ring.begin));
      ring.interval = {};
      if (i == static_cast<size_t>(Period::k90Days)) ++unsaved_;
    }
    ring.begin = begin;
    ring.interval.Add(snapshot);
    while (ring.rows.size() > kScales[i].rows()) ring.rows.pop_front();
  }
  unsaved_ = std::min(unsaved_, rings_.back().rows.size());
}

std::vector<Row> History::Rows(Period period, Moment now) const {
  const Ring& ring = rings_[static_cast<size_t>(period)];
  const int64_t oldest = std::max<int64_t>(WallSeconds(now) - ScaleOf(period).span.count(), 0);
  std::vector<Row> rows;
  rows.reserve(earlier_.size() * (period == Period::k90Days) + ring.rows.size() + 1);
  const auto add = [&](const Row& row) {
    if (row.begin >= oldest && row.begin <= WallSeconds(now)) rows.push_back(row);
  };
  const ToWall to_wall(now);
  if (period == Period::k90Days) std::for_each(earlier_.begin(), earlier_.end(), add);
  for (const Row& row : ring.rows) add(to_wall(row));
  if (ring.interval.count > 0) add(to_wall(ring.interval.ToRow(ring.begin)));
  // Where the clock was set back since then, an earlier run has seen this time as well.
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.begin < b.begin; });
  return rows;
}

std::vector<Row> History::TakeUnsaved(Moment now, bool all) {
  Ring& ring = rings_[static_cast<size_t>(Period::k90Days)];
  std::vector<Row> rows;
  std::transform(ring.rows.end() - static_cast<std::ptrdiff_t>(unsaved_), ring.rows.end(), std::back_inserter(rows),
                 ToWall(now));
  unsaved_ = 0;
  if (all && ring.interval.count > 0) rows.push_back(ToWall(now)(ring.interval.ToRow(ring.begin)));
  return rows;
}

void History::Gathered::Add(double least_now, double now, double most_now) {
  least = count == 0 ? least_now : std::min(least, least_now);
  most = count == 0 ? most_now : std::max(most, most_now);
  sum += now;
  ++count;
}

template <typename Values>
Values History::Gathered::Get() const {
  if (count == 0) return {};
  using Integer = decltype(Values::mean);
  // What means "unknown" is at one end of the type.
  using Limits = std::numeric_limits<Integer>;
  static constexpr double kLeast = Values{}.mean == Limits::min() ? Limits::min() + 1 : Limits::min();
  static constexpr double kMost = Values{}.mean == Limits::max() ? Limits::max() - 1 : Limits::max();
  const auto stored = [](double value) {
    return static_cast<Integer>(std::clamp(std::round(value * Values::kSteps), kLeast, kMost));
  };
  return {stored(least), stored(sum / count), stored(most)};
}

void History::Interval::Add(const Snapshot& snapshot) {
  const Reading& reading = *snapshot.reading;
  const auto add = [](Gathered& to, double value) { to.Add(value, value, value); };
  ++count;
  if (snapshot.utility_power == false) ++on_battery;
  add(battery_voltage, reading.battery_voltage);
  if (reading.utility_voltage) add(utility_voltage, *reading.utility_voltage);
  add(output_voltage, reading.output_voltage);
  if (reading.load) add(load, *reading.load);
  if (!snapshot.battery_charge) return;
  const Spread range =
      snapshot.battery_charge_range.value_or(Spread{*snapshot.battery_charge, *snapshot.battery_charge});
  battery_charge.Add(range.least, *snapshot.battery_charge, range.most);
}

Row History::Interval::ToRow(uint32_t begin) const {
  return {begin,
          battery_voltage.Get<Volts>(),
          utility_voltage.Get<Volts>(),
          output_voltage.Get<Volts>(),
          load.Get<Percent>(),
          battery_charge.Get<Percent>(),
          static_cast<uint8_t>(count == 0 ? 0 : 100 * on_battery / count)};
}

}  // namespace aims::page
