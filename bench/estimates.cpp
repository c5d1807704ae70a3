// How good charge, runtime and the shutdown advice are on measured discharges and published tables (records.h): a row
// for each group of plays, and with --each a row for each play.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/records.h"

namespace aims::records {
namespace {

constexpr std::array kAsked{0.75, 0.5, 0.25};  // of the true time left

// What came of one play.
struct Outcome {
  std::string name;
  std::array<std::optional<double>, kAsked.size()> runtime_error;  // of the true time left
  std::array<std::optional<double>, kAsked.size()> charge_error;   // points
  int ranges = 0, right_ranges = 0;                                // of the runtime
  std::optional<double> left_at_advice;                            // s
  double whole = 0;                                                // s
  double rise = 0;  // of the runtime over 10 min, the largest, where the load is constant
};

using Errors = std::array<std::optional<double>, kAsked.size()> Outcome::*;

void Ask(size_t which, const Seen& seen, Outcome& outcome) {
  const Snapshot& shown = seen.snapshot;
  if (shown.battery_runtime) outcome.runtime_error[which] = *shown.battery_runtime / seen.left - 1;
  if (shown.battery_charge) outcome.charge_error[which] = *shown.battery_charge - seen.charge * 100;
  if (!shown.battery_runtime_range) return;
  ++outcome.ranges;
  const Spread& range = *shown.battery_runtime_range;
  if (range.least <= seen.left && seen.left <= range.most) ++outcome.right_ranges;
}

Outcome Followed(const Record& record, const Track& track, const Play& play, std::string name) {
  constexpr size_t kTenMinutes = 600;
  constexpr double kWorthARise = 60;  // s
  Outcome outcome{.name = std::move(name), .whole = track.end() - play.from};
  size_t next = 0;
  std::vector<double> runtimes;
  Run(record, track, play, [&](const Seen& seen) {
    const Snapshot& shown = seen.snapshot;
    if (!outcome.left_at_advice && shown.shutdown_advised) outcome.left_at_advice = seen.left;
    runtimes.push_back(shown.battery_runtime.value_or(0));
    if (record.is_constant && runtimes.size() > kTenMinutes) {
      const double before = runtimes[runtimes.size() - 1 - kTenMinutes];
      if (before > kWorthARise) outcome.rise = std::max(outcome.rise, runtimes.back() / before - 1);
    }
    if (next < kAsked.size() && seen.left <= kAsked[next] * outcome.whole) Ask(next++, seen, outcome);
  });
  return outcome;
}

// The value below which `share` of them lie; 0 where there are none.
double Quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())))];
}

class Group {
 public:
  Group(std::string name, std::string goal) : name_(std::move(name)), goal_(std::move(goal)) {}

  void Add(Outcome outcome) { outcomes_.push_back(std::move(outcome)); }

  void PrintEach() const {
    for (const Outcome& one : outcomes_) {
      fmt::print("  {:<28}", one.name);
      for (size_t i = 0; i < kAsked.size(); ++i) {
        fmt::print("  {:>5} %", one.runtime_error[i] ? fmt::format("{:+.0f}", *one.runtime_error[i] * 100) : "?");
        fmt::print(" ({:>3})", one.charge_error[i] ? fmt::format("{:+.0f}", *one.charge_error[i]) : "?");
      }
      fmt::print("  advised {:>6.0f} s before the end, {:>3.0f} % of {:>6.0f} s; rise {:.0f} %\n",
                 one.left_at_advice.value_or(-1), one.left_at_advice.value_or(0) / one.whole * 100, one.whole,
                 one.rise * 100);
    }
  }

  void Print() const {
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", name_, outcomes_.size(), Quantiles(&Outcome::runtime_error, 100),
               goal_, Quantiles(&Outcome::charge_error, 1), Advice());
  }

  const std::vector<Outcome>& outcomes() const { return outcomes_; }

 private:
  // "4/6/9, 9 of 10 14/11/28": of the errors without their sign, at the moments that are asked for. What is unknown is
  // as wrong as can be.
  std::string Quantiles(Errors errors, double unit) const {
    std::string medians, nines;
    for (size_t i = 0; i < kAsked.size(); ++i) {
      std::vector<double> values;
      for (const Outcome& one : outcomes_)
        values.push_back((one.*errors)[i] ? std::abs(*(one.*errors)[i]) * unit : 100);
      medians += fmt::format("{}{:.0f}", i ? "/" : "", Quantile(values, 0.5));
      nines += fmt::format("{}{:.0f}", i ? "/" : "", Quantile(values, 0.9));
    }
    return fmt::format("{}, 9 of 10 {}", medians, nines);
  }

  // "26-33 % of the time": nine of ten lie between. And what came later than 300 s or a twentieth before the end.
  std::string Advice() const {
    std::vector<double> shares;
    std::string late;
    for (const Outcome& one : outcomes_) {
      shares.push_back(one.left_at_advice.value_or(0) / one.whole * 100);
      if (one.left_at_advice.value_or(0) < std::min(300.0, 0.05 * one.whole))
        late += (late.empty() ? "; late: " : ", ") + one.name;
    }
    return fmt::format("{:.0f}-{:.0f} %{}", Quantile(shares, 0.05), Quantile(shares, 0.95), late);
  }

  std::string name_;
  std::string goal_;
  std::vector<Outcome> outcomes_;
};

struct Groups {
  Group constant{"constant load, from full", "15/10/10, 9 of 10 30/25/25"};
  Group lithium{"of these LiFePO4, at 12, 24 and 48 V", "10/12/20, 9 of 10 20/25/40"};
  Group fast{"lead in 1 h and less, capacity_1h typed", "20/20/25"};
  Group worn{"worn to 60 and 70 %, nothing learned", "40/20/20"};
  Group wrong{"an option 30 % wrong", "30/20/25"};
  Group varying{"flooded, load varies (the runtime's truth varies, too)", "charge 12, 9 of 10 25"};
  Group cold{"cold start at 0, 50 and 80 % of the outage", ""};

  std::array<const Group*, 7> all() const { return {&constant, &lithium, &fast, &worn, &wrong, &varying, &cold}; }
};

Record InSeries(Record record, int blocks) {
  record.nominal *= blocks;
  for (Point& point : record.points) point.voltage *= blocks;
  return record;
}

void PlayFromFull(const Record& record, const Track& track, Groups& groups) {
  const Play typed{Typed(record, track)};
  if (!record.is_constant) return groups.varying.Add(Followed(record, track, typed, record.name));
  groups.constant.Add(Followed(record, track, typed, record.name));
  if (record.type == BatteryType::kLifepo4) {
    for (const int blocks : {1, 2, 4}) {
      const Record series = InSeries(record, blocks);
      const Track same = Played(series);
      groups.lithium.Add(
          Followed(series, same, {Typed(series, same)}, fmt::format("{} {} V", record.name, 12 * blocks)));
    }
  }
  if (record.is_table && record.hours < 1) return;
  for (const double share : {0.6, 0.7}) {
    groups.worn.Add(
        Followed(record, Played(record, share), typed, fmt::format("{} {:.0f} %", record.name, share * 100)));
  }
  const auto with = [&](std::string_view what, auto change) {
    Play play = typed;
    change(play.options.battery);
    groups.wrong.Add(Followed(record, track, play, fmt::format("{} {}", record.name, what)));
  };
  with("capacity x 0.7", [](BatteryOptions& battery) { *battery.capacity *= 0.7; });
  with("capacity x 1.3", [](BatteryOptions& battery) { *battery.capacity *= 1.3; });
  with("rated_power x 0.7", [](BatteryOptions& battery) { *battery.rated_power *= 0.7; });
  with("rated_power x 1.3", [](BatteryOptions& battery) { *battery.rated_power *= 1.3; });
  with("efficiency 0.7", [](BatteryOptions& battery) { battery.efficiency = 0.7; });
}

void PlayAll(const std::vector<Record>& all, Groups& groups) {
  for (const Record& record : all) {
    if (record.is_charging) continue;
    const Track track = Played(record);
    if (record.begins_with == 1) PlayFromFull(record, track, groups);
    if (record.capacity_1h > 0 && record.hours <= 1) {
      Play play{Typed(record, track)};
      play.options.battery.capacity_1h = record.capacity_1h;
      groups.fast.Add(Followed(record, track, play, record.name));
    }
    for (const double begin : {0.0, 0.5, 0.8}) {
      const Play play{Typed(record, track), /*is_start_seen=*/false, begin * track.end()};
      groups.cold.Add(Followed(record, track, play, fmt::format("{} from {:.0f} %", record.name, begin * 100)));
    }
  }
}

void Print(const Groups& groups, bool each) {
  fmt::print(
      "| Discharges | Plays | Runtime wrong by %, median at 75/50/25 % of the time left | Goal | Charge wrong by "
      "points | "
      "Advised with so much of the time left, 9 of 10 |\n|---|---|---|---|---|---|\n");
  int ranges = 0, right = 0, rises = 0;
  double rise = 0;
  for (const Group* group : groups.all()) {
    if (each) group->PrintEach();
    group->Print();
    if (group == &groups.varying) continue;
    for (const Outcome& one : group->outcomes()) {
      ranges += one.ranges;
      right += one.right_ranges;
      rises += one.rise > 0.1 ? 1 : 0;
      rise = std::max(rise, one.rise);
    }
  }
  fmt::print("\nThe truth lay between least and most of the runtime in {:.0f} % of {} (goal 80-95 %).\n",
             right * 100.0 / ranges, ranges);
  fmt::print(
      "The runtime's largest rise over 10 min of constant load was {:.0f} %; {} plays had one of more than 10 %.\n",
      rise * 100, rises);
}

}  // namespace
}  // namespace aims::records

// FILE [--each]
int main(int count, char** words) {
  if (count < 2) return 2;
  aims::records::Groups groups;
  aims::records::PlayAll(aims::records::Load(words[1]), groups);
  aims::records::Print(groups, count > 2 && std::string_view(words[2]) == "--each");
}
