// Measured discharges of real batteries, and published tables of how long batteries last, played to an Inverter as the
// wire would tell them: one reading a second, load in whole percent, voltage in tenths of a volt. What the inverter
// then believes can be held against what came.

#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inverter/inverter.h"

namespace aims::records {

struct Point {
  double time;     // s
  double current;  // A
  double voltage;  // V of the pack
};

// From discharges.txt, whose head says what the figures are.
struct Record {
  std::string name;
  BatteryType type{};
  double capacity = 0;     // Ah, printed
  double nominal = 12;     // V
  double begins_with = 1;  // 0-1, of what the battery holds
  bool is_charging = false;
  double capacity_1h = 0;  // Ah, of tables that name it
  double hours = 0;        // of tables: the rate
  std::vector<Point> points;
  bool is_table = false;
  bool is_constant = false;  // the load
};
std::vector<Record> Load(const std::filesystem::path& file);

// One moment of a discharge as it is played.
struct Moment {
  double time;     // s since the discharge began
  double power;    // W
  double voltage;  // V of the pack
  double taken;    // Ah
};

// A discharge as it is played: its moments, of which the last is the end.
struct Track {
  std::vector<Moment> moments;
  double rated_power = 0;  // VA
  double end() const { return moments.back().time; }
  double charge(const Moment& at, double begins_with) const {
    return begins_with * (1 - at.taken / moments.back().taken);
  }
};

// As the head of discharges.txt says: constant loads at constant power, until the battery is empty. `share`: a worn
// battery is the same record in so much of the time.
Track Played(const Record& record, double share = 1);

struct Play {
  InverterOptions options;
  bool is_start_seen = true;  // first on mains until the battery is full; else the first reading is in the outage
  double from = 0;            // s into the discharge
};

// What is believed at a moment, and what is true.
struct Seen {
  double time, left, charge;  // s, s, 0-1: true
  Snapshot snapshot;
};

// Plays, and calls `each` once a second of the discharge.
void Run(const Record& record, const Track& track, const Play& play, const std::function<void(const Seen&)>& each);

// What an owner would type.
InverterOptions Typed(const Record& record, const Track& track);

}  // namespace aims::records
