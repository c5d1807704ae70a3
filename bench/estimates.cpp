// How good charge, runtime and the shutdown advice are on measured discharges and published tables (records.h): printed
// for each group that the table in DOCS.md quotes, and with --each for every record.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "bench/records.h"

namespace aims::records {
namespace {

constexpr std::array kAsked{0.75, 0.5, 0.25};  // of the true time left

// What came of one play.
struct Outcome {
  std::string name;
  std::array<std::optional<double>, 3> runtime_error;  // of the true time left
  std::array<std::optional<double>, 3> charge_error;   // points
  int in_range = 0, asked = 0, charge_in_range = 0;
  std::optional<double> left_at_advice;  // s
  double whole = 0;                      // s
  double highest_rise = 0;               // of the runtime, over 10 min
  double first_charge = -1;
};

Outcome Of(const Record& record, const Track& track, const Play& play) {
  Outcome outcome{.name = record.name, .whole = track.end() - play.from};
  size_t next = 0;
  std::vector<double> runtimes;
  Run(record, track, play, [&](const Seen& seen) {
    const Snapshot& shown = seen.snapshot;
    const auto runtime = shown.battery_runtime;
    if (!outcome.left_at_advice && shown.shutdown_advised) outcome.left_at_advice = seen.left;
    runtimes.push_back(runtime.value_or(0));
    if (runtimes.size() > 600 && record.is_constant) {
      const double before = runtimes[runtimes.size() - 601];
      if (before > 60 && runtime) outcome.highest_rise = std::max(outcome.highest_rise, *runtime / before - 1);
    }
    if (next < kAsked.size() && seen.left <= kAsked[next] * outcome.whole) {
      if (runtime) outcome.runtime_error[next] = *runtime / seen.left - 1;
      if (shown.battery_charge) outcome.charge_error[next] = *shown.battery_charge - seen.charge * 100;
      if (const auto& r = shown.battery_charge_range) outcome.charge_in_range += r->least <= seen.charge * 100 && seen.charge * 100 <= r->most;
      if (shown.battery_runtime_range) {
        ++outcome.asked;
        const Spread& range = *shown.battery_runtime_range;
        outcome.in_range += range.least <= seen.left && seen.left <= range.most ? 1 : 0;
      }
      ++next;
    }
  });
  return outcome;
}

double At(std::vector<double> values, double share) {
  if (values.empty()) return -1;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())))];
}

struct Group {
  std::string name;
  std::vector<Outcome> outcomes;

  void Print(bool each) const {
    std::array<std::vector<double>, 3> errors, charges;
    int in_range = 0, asked = 0, unknown = 0, charge_in = 0;
    std::vector<double> shares;
    double rise = 0;
    int rises = 0, late = 0;
    std::string latest;
    for (const Outcome& one : outcomes) {
      std::string line = fmt::format("    {:<22}", one.name);
      for (size_t i = 0; i < kAsked.size(); ++i) {
        if (one.runtime_error[i]) {
          errors[i].push_back(std::abs(*one.runtime_error[i]) * 100);
          line += fmt::format(" {:>+5.0f}", *one.runtime_error[i] * 100);
        } else {
          ++unknown;
          errors[i].push_back(100);
          line += "     ?";
        }
        if (one.charge_error[i]) charges[i].push_back(std::abs(*one.charge_error[i]));
        line += one.charge_error[i] ? fmt::format(" ({:>+3.0f})", *one.charge_error[i]) : "   (?)";
      }
      in_range += one.in_range;
      asked += one.asked; charge_in += one.charge_in_range;
      rise = std::max(rise, one.highest_rise);
      rises += one.highest_rise > 0.1;
      const double least = std::min(300.0, 0.05 * one.whole);
      if (one.left_at_advice) shares.push_back(*one.left_at_advice / one.whole * 100);
      if (one.left_at_advice.value_or(0) < least) ++late, latest += " " + one.name;
      line += fmt::format("  advice {:>5.0f} s {:>3.0f} % of {:>6.0f} s  rise {:>3.0f} %  in range {}/{}", one.left_at_advice.value_or(-1),
                          one.left_at_advice.value_or(0) / one.whole * 100, one.whole, one.highest_rise * 100, one.in_range, one.asked);
      if (each) fmt::print("{}\n", line);
    }
    fmt::print("{:<34} {:>3}  median {:>3.0f}/{:>3.0f}/{:>3.0f} %  9 of 10 {:>3.0f}/{:>3.0f}/{:>3.0f} %  charge {:>2.0f}/{:>2.0f}/{:>2.0f}, {:>2.0f}/{:>2.0f}/{:>2.0f}", name, outcomes.size(),
               At(errors[0], .5), At(errors[1], .5), At(errors[2], .5), At(errors[0], .9), At(errors[1], .9), At(errors[2], .9),
               At(charges[0], .5), At(charges[1], .5), At(charges[2], .5), At(charges[0], .9), At(charges[1], .9), At(charges[2], .9));
    fmt::print("  range {:>3.0f} % ({:.0f})  advice {:.0f}-{:.0f} % late {}{}  rise {:.0f} % ({})  unknown {}\n", asked ? in_range * 100.0 / asked : 0, asked ? charge_in * 100.0 / asked : 0, At(shares, .05), At(shares, .95), late, latest, rise * 100, rises, unknown);
  }
};

}  // namespace
}  // namespace aims::records

int main(int count, char** words) {
  using namespace aims;
  using namespace aims::records;
  const bool each = count > 2 && !std::strcmp(words[2], "--each");
  const std::string only = count > 3 ? words[3] : "";
  const auto records = Load(words[1]);
  Group constant{"constant load", {}}, lithium{"LiFePO4", {}}, fast{"lead, 1 h and faster, capacity_1h", {}}, heavy{"lead, heavy, no capacity_1h", {}}, worn{"worn to 60-70 %", {}},
      wrong{"an option 30 % wrong", {}}, flooded{"flooded, variable load", {}}, cold{"cold start", {}}, lithium48{"LiFePO4 at 24, 48 V", {}}, wornlfp{"worn LiFePO4", {}};
  for (const Record& record : records) {
    if (record.is_charging) continue;
    if (!only.empty() && record.name.find(only) == std::string::npos) continue;
    const Track track = Played(record);
    const auto play = [&](const Track& with, const InverterOptions& options, bool seen = true, double from = 0) {
      return Of(record, with, {options, seen, from});
    };
    const InverterOptions typed = Typed(record, track);
    const bool is_lithium = record.type == BatteryType::kLifepo4;
    const bool begins_full = record.begins_with == 1;
    if (begins_full) {
      const Outcome outcome = play(track, typed);
      if (record.is_constant) constant.outcomes.push_back(outcome);
      if (is_lithium) lithium.outcomes.push_back(outcome);
      if (!record.is_constant) flooded.outcomes.push_back(outcome);
      if (record.is_table && record.hours <= 1) heavy.outcomes.push_back(outcome);
    }
    if (record.capacity_1h > 0 && record.hours <= 1) {
      InverterOptions with = typed;
      with.battery.capacity_1h = record.capacity_1h;
      fast.outcomes.push_back(play(track, with));
    }
    if (begins_full && record.is_constant && !(record.is_table && record.hours < 1)) {
      for (const double share : {0.6, 0.7}) {
        const Track less = Played(record, share);
        auto o = play(less, typed);
        worn.outcomes.push_back(o);
        if (is_lithium) wornlfp.outcomes.push_back(o);
      }
      for (const double factor : {0.7, 1.3}) {
        for (int which = 0; which < 3; ++which) {
          InverterOptions with = typed;
          if (which == 0) *with.battery.capacity *= factor;
          if (which == 1) *with.battery.rated_power *= factor;
          if (which == 2) with.battery.efficiency = factor > 1 ? 1 : 0.7;
          if (which == 2 && factor > 1) continue;
          Outcome o = play(track, with);
          o.name += fmt::format(" {} x{}", which, factor);
          wrong.outcomes.push_back(o);
        }
      }
    }
    for (const double begin : {0.0, 0.5, 0.8}) {
      Outcome o = play(track, typed, false, begin * track.end());
      o.name += fmt::format(" {}", begin);
      cold.outcomes.push_back(o);
    }
    if (is_lithium && begins_full) {
      Record larger = record;
      larger.nominal = 48;
      for (auto& point : larger.points) point.voltage *= 4;
      const Track four = Played(larger);
      lithium48.outcomes.push_back(Of(larger, four, {Typed(larger, four)}));
    }
  }
  for (const Group* group : {&constant, &lithium, &lithium48, &fast, &heavy, &worn, &wornlfp, &wrong, &flooded, &cold}) group->Print(each);
  int in=0, of=0; for (const Group* group : {&constant, &lithium48, &fast, &worn, &wrong, &cold}) for (auto& o : group->outcomes) in+=o.in_range, of+=o.asked; fmt::print("all in range {:.1f} %\n", in*100.0/of);
}
