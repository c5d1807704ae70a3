#include "bench/records.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <fstream>
#include <sstream>
#include <utility>

namespace aims::records {
namespace {

using namespace std::chrono_literals;

BatteryType TypeOf(const std::string& word) {
  const auto found = std::find(kBatteryTypes.begin(), kBatteryTypes.end(), word);
  return static_cast<BatteryType>(found - kBatteryTypes.begin());
}

// V of a loaded AGM block, half a volt for a rate of 1 put back, by the share of the Ah that is left.
constexpr std::array<std::pair<double, double>, 10> kShares{{{0, 10.5},
                                                             {0.035, 11.0},
                                                             {0.07, 11.2},
                                                             {0.12, 11.4},
                                                             {0.20, 11.6},
                                                             {0.31, 11.8},
                                                             {0.44, 12.0},
                                                             {0.58, 12.2},
                                                             {0.73, 12.4},
                                                             {1, 12.75}}};

double TableVoltage(BatteryType type, double share, double rate) {
  const auto above =
      std::find_if(kShares.begin() + 1, kShares.end() - 1, [&](auto point) { return point.first >= share; });
  const auto below = std::prev(above);
  const double voltage =
      below->second + (share - below->first) * (above->second - below->second) / (above->first - below->first);
  return voltage - (type == BatteryType::kFlooded ? 0.1 : 0) - 0.5 * rate;
}

// A table names currents and minutes, and no voltages.
void AddTable(std::istringstream& words, const std::string& name, std::vector<Record>& records) {
  std::string type;
  double capacity = 0, end = 0, current = 0, minutes = 0;
  words >> type >> capacity >> end;
  std::vector<std::pair<double, double>> rows;
  while (words >> current >> minutes) rows.emplace_back(current, minutes);
  double in_1h = 0;
  for (const auto& [amperes, time] : rows) {
    if (time == 60) in_1h = amperes;
  }
  for (const auto& [amperes, time] : rows) {
    Record record{.name = name + "_" + std::to_string(static_cast<int>(time)) + "min",
                  .type = TypeOf(type),
                  .capacity = capacity,
                  .capacity_1h = in_1h,
                  .hours = time / 60,
                  .is_table = true};
    for (int i = 0; i <= 200; ++i) {
      record.points.push_back(
          {time * 60 * i / 200, amperes, TableVoltage(record.type, 1 - i / 200.0, amperes / capacity)});
    }
    records.push_back(std::move(record));
  }
}

Record Header(std::istringstream& words, const std::string& name) {
  Record record{.name = name};
  double in = 0, out = 0;
  for (std::string word; words >> word;) {
    const std::string key = word.substr(0, word.find('='));
    const std::string value = word.substr(word.find('=') + 1);
    if (key == "type") record.type = TypeOf(value);
    if (key == "cap") record.capacity = std::stod(value);
    if (key == "in") in = std::stod(value);
    if (key == "out") out = std::stod(value);
    if (key == "volts") record.nominal = std::stod(value);
    if (key == "charge") record.is_charging = true;
  }
  if (in > 0) record.begins_with = in / record.capacity;
  if (out > 0) record.begins_with = 1 - out / record.capacity;
  return record;
}

}  // namespace

std::vector<Record> Load(const std::filesystem::path& file) {
  std::vector<Record> records;
  std::ifstream lines(file);
  bool is_in_series = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string first, name;
    if (line.starts_with("table")) {
      words >> first >> name;
      AddTable(words, name, records);
    } else if (line.starts_with("series")) {
      words >> first >> name;
      records.push_back(Header(words, name));
      is_in_series = true;
    } else if (line == "end") {
      is_in_series = false;
    } else if (is_in_series) {
      Point point{};
      words >> point.time >> point.current >> point.voltage;
      records.back().points.push_back(point);
    }
  }
  for (Record& record : records) record.is_constant = !record.name.starts_with("tub");
  return records;
}

Track Played(const Record& record, double share) {
  const auto& points = record.points;
  double energy = 0;  // Ws
  for (size_t i = 1; i < points.size(); ++i) {
    energy += (points[i].current * points[i].voltage + points[i - 1].current * points[i - 1].voltage) / 2 *
              (points[i].time - points[i - 1].time);
  }
  const double mean_power = energy / points.back().time;
  const double empty = (record.type == BatteryType::kLifepo4 ? 11.2 : 10.5) * record.nominal / 12;
  Track track;
  track.rated_power = 4 * mean_power;
  double time = 0, taken = 0;
  track.moments.push_back(
      {0, record.is_constant ? mean_power : points[0].current * points[0].voltage, points[0].voltage, 0});
  std::deque<std::pair<double, double>> recent;  // V s, s
  double volt_seconds = 0, seconds = 0;
  for (size_t i = 1; i < points.size(); ++i) {
    const double passed = points[i].time - points[i - 1].time;
    const double gone = (points[i].current + points[i - 1].current) / 2 * passed / 3600 * share;
    const double voltage = (points[i].voltage + points[i - 1].voltage) / 2;
    const double step = record.is_constant ? gone * 3600 * voltage / mean_power : passed * share;
    time += step;
    taken += gone;
    const double power = record.is_constant ? mean_power : points[i].current * points[i].voltage;
    track.moments.push_back({time, power, points[i].voltage, taken});
    recent.emplace_back(voltage * step, step);
    volt_seconds += voltage * step;
    seconds += step;
    while (recent.size() > 1 && seconds - recent.front().second >= 300) {
      volt_seconds -= recent.front().first;
      seconds -= recent.front().second;
      recent.pop_front();
    }
    if (!record.is_table && seconds > 0 && volt_seconds / seconds <= empty) break;
  }
  return track;
}

InverterOptions Typed(const Record& record, const Track& track) {
  InverterOptions options;
  options.device = {.id = "ups", .name = "UPS", .model = ""};
  options.battery.type = record.type;
  options.battery.nominal_voltage = record.nominal;
  options.battery.capacity = record.capacity;
  options.battery.rated_power = track.rated_power;
  options.battery.efficiency = 1;
  options.battery.idle_power = 0;
  return options;
}

void Run(const Record& record, const Track& track, const Play& play, const std::function<void(const Seen&)>& each) {
  Inverter inverter(play.options);
  Inverter::Time now{1000s};
  WallTime wall{std::chrono::seconds(1'700'000'000)};
  const double blocks = record.nominal / 12;
  Reading reading;
  reading.utility_voltage = reading.output_voltage = 120;
  reading.line_interactive = true;
  reading.load = 0;
  const auto pass = [&](std::chrono::seconds time) {
    now += time;
    wall += time;
  };
  if (play.is_start_seen) {
    reading.on_battery = false;
    reading.battery_voltage = 13.5 * blocks;
    const auto at_float = record.type == BatteryType::kLifepo4 ? 3h : 12h + 30min;
    for (auto passed = 0s; passed < at_float; passed += 10s) {
      inverter.Apply(reading, {now, wall});
      pass(10s);
    }
    inverter.Apply(reading, {now, wall});
  }
  reading.on_battery = true;
  reading.utility_voltage = 0;
  reading.shutdown_flag = true;
  size_t next = 1;
  for (double time = std::ceil(play.from); time <= track.end(); time += 1) {
    while (next + 1 < track.moments.size() && track.moments[next].time < time) ++next;
    const Moment& a = track.moments[next - 1];
    const Moment& b = track.moments[next];
    const double part = b.time > a.time ? std::clamp((time - a.time) / (b.time - a.time), 0.0, 1.0) : 1;
    const auto at = [&](double x, double y) { return x + (y - x) * part; };
    const Moment is{time, at(a.power, b.power), at(a.voltage, b.voltage), at(a.taken, b.taken)};
    pass(1s);
    reading.load = std::floor(100 * is.power / track.rated_power + 1e-9);
    reading.battery_voltage = std::round(is.voltage * 10) / 10;
    reading.battery_low = is.voltage <= 10.5 * blocks;
    inverter.Apply(reading, {now, wall});
    each({time, track.end() - time, track.charge(is, record.begins_with), inverter.snapshot()});
  }
}

}  // namespace aims::records
