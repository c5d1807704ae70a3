#include "inverter/saved_state.h"

#include <algorithm>
#include <cmath>

#include "inverter/options.h"

namespace aims {
namespace {

using rapidjson::Value;

constexpr int kSavedVersion = 1;
constexpr double kMostEnergy = 1e9;      // Wh
constexpr int64_t kLongest = 1LL << 40;  // ms
constexpr double kMostClock = 1e15;      // ms
constexpr double kMostVoltage = 1000;    // V
constexpr size_t kLongestBoot = 40;

void WriteTime(JsonWriter& json, const std::optional<WallTime>& time) {
  if (time) {
    json.Text(FormatTime(*time));
  } else {
    json.Null();
  }
}

void WriteNumber(JsonWriter& json, const std::optional<double>& number) {
  if (number) {
    json.Number(std::round(*number * 1e6) / 1e6, 6);
  } else {
    json.Null();
  }
}

void WriteBelief(JsonWriter& json, const std::optional<Belief>& belief) {
  if (!belief) return json.Null();
  json.Object([&] {
    WriteNumber(json.Key("mean"), belief->mean);
    WriteNumber(json.Key("sigma"), belief->sigma);
  });
}

// Of a file that knows nothing of it: unknown.
void ReadBoot(Members& members, const char* key, std::string& boot) {
  if (members.Find(key)) members.Read(key, boot);
  members.Check(boot.size() <= kLongestBoot);
}

bool ReadOutage(const Value& value, Outage& outage) {
  Members members(value);
  members.Read("begin", outage.begin);
  members.Read("end", outage.end);
  members.Read("end_earliest", outage.end_earliest);
  double seconds = 0;
  members.Read("duration", seconds, 0, kLongest / 1000.0);
  outage.duration = std::chrono::milliseconds(std::llround(seconds * 1000));
  members.ReadName("cause", kCauses, outage.cause);
  members.Read("lowest_battery_voltage", outage.lowest_battery_voltage, 0, 1e6);
  members.Read("highest_load", outage.highest_load, 0, 1e6);
  members.Read("energy", outage.energy, 0, kMostEnergy);
  members.Read("battery_low", outage.battery_low);
  members.ReadWhole("gaps", outage.gaps, 1 << 30);
  if (members.Find("interruptions")) members.ReadWhole("interruptions", outage.interruptions, 1 << 30);
  if (members.Find("uncertain")) members.Read("uncertain", outage.is_uncertain);
  ReadBoot(members, "boot", outage.boot);
  ReadBoot(members, "end_boot", outage.end_boot);
  return members.is_good();
}

// What version 1.0.0 wrote while it was on battery without an outage: a test is none, and what had the utility in range
// is one by the next reading's word.
bool ReadRunning(const Value& value, Outages::SavedState& state) {
  if (value.IsNull()) return true;
  const Members members(value);
  const Value* cause = members.Find("cause");
  if (cause && cause->IsString() && std::string_view(cause->GetString(), cause->GetStringLength()) == "test")
    return true;
  if (!ReadOutage(value, state.running.emplace())) return false;
  state.is_counted = members.Find("interruptions") || state.running->cause != Cause::kMainsPresent;
  return true;
}

bool ReadOutages(const Value& value, Outages::SavedState& state) {
  Members members(value);
  members.ReadWhole("total", state.total, 1LL << 50);
  members.Read("last_seen", state.last_seen);
  ReadBoot(members, "boot", state.boot);
  if (members.Find("clock")) {
    double clock = 0;
    members.Read("clock", clock, -kMostClock, kMostClock);
    state.clock = std::chrono::milliseconds(std::llround(clock));
  }
  const Value* running = members.Find("running");
  if (!members.Check(running) || !ReadRunning(*running, state)) return false;
  const Value* records = members.List("outages", Outages::kMost);
  if (!records) return false;
  return std::all_of(records->Begin(), records->End(),
                     [&](const Value& record) { return ReadOutage(record, state.records.emplace_back()); });
}

void ReadBelief(Members& members, const char* key, std::optional<Belief>& belief, double least, double most) {
  const Value* value = members.Find(key);
  if (!members.Check(value) || value->IsNull()) return;
  Members parts(*value);
  parts.Read("mean", belief.emplace().mean, least, most);
  parts.Read("sigma", belief->sigma, 0, 10);
  members.Check(parts.is_good());
}

void ReadTest(Members& members, SupplyWatch::SavedState& supply) {
  const Value* value = members.Find("test");
  if (value->IsNull()) return;
  Members parts(*value);
  SupplyWatch::BegunTest test{};
  parts.Read("until_low", test.is_until_low);
  parts.Read("on_battery", test.was_on_battery);
  parts.Read("begin", test.begin);
  supply.test = test;
  members.Check(parts.is_good());
}

void WriteTest(JsonWriter& json, const std::optional<SupplyWatch::BegunTest>& test) {
  if (!test) return json.Null();
  json.Object([&] {
    json.Key("until_low").Bool(test->is_until_low);
    json.Key("on_battery").Bool(test->was_on_battery);
    json.Key("begin").Text(FormatTime(test->begin));
  });
}

bool ReadBattery(const Value& value, SavedBatteries::Entry& entry) {
  Members members(value);
  ReadBelief(members, "charge", entry.battery.charge, 0, 1);
  ReadBelief(members, "bias", entry.battery.bias, -1, 1);
  ReadBelief(members, "drain", entry.battery.drain, 0.1, 10);
  members.Read("on_battery", entry.battery.on_battery);
  members.Read("load", entry.battery.load, 0, 1e6);
  members.Read("energy_on_battery", entry.energy.on_battery, 0, kMostEnergy);
  members.Read("energy_total", entry.energy.total, 0, kMostEnergy);
  members.Read("shutdown_advised", entry.shutdown_advised);
  members.Read("was_pack", entry.was_pack);
  if (members.Find("has_thermometer")) members.Read("has_thermometer", entry.has_thermometer);
  if (members.Find("utility_voltage")) members.Read("utility_voltage", entry.utility_voltage, 1, kMostVoltage);
  if (members.Find("test")) ReadTest(members, entry.supply);
  if (members.Find("battery_spent")) members.Read("battery_spent", entry.supply.is_battery_spent);
  members.Read("saved_at", entry.saved_at);
  ReadBoot(members, "boot", entry.boot);
  return members.is_good();
}

// A file of one entry for each inverter, by its id.
template <typename Map, typename WriteEntry>
std::string Written(const Map& inverters, WriteEntry write) {
  JsonWriter json;
  json.Object([&] {
    json.Key("version").Number(kSavedVersion, 0);
    json.Key("inverters").Object([&] {
      for (const auto& [id, entry] : inverters) {
        json.Key(id).Object([&, &one = entry] { write(json, one); });
      }
    });
  });
  return json.TakeText();
}

template <typename SavedState, typename ReadEntry>
Result<SavedState> Parsed(std::string_view json, ReadEntry read) {
  const auto bad = [] { return Failure(ErrorCode::kBadReply, "it is not what this version writes"); };
  const auto document = ParseVersioned(json, kSavedVersion);
  if (!document) return bad();
  const auto found = document->FindMember("inverters");
  if (found == document->MemberEnd() || !found->value.IsObject()) return bad();
  if (found->value.MemberCount() > kMostInverters) return bad();
  SavedState state;
  for (const auto& member : found->value.GetObject()) {
    std::string id(member.name.GetString(), member.name.GetStringLength());
    if (!IsUtf8(id) || state.inverters.contains(id)) return bad();
    if (!read(member.value, state.inverters[std::move(id)])) return bad();
  }
  return state;
}

WallTime LastSeen(const Outages::SavedState& state) {
  WallTime seen = state.last_seen;
  for (const Outage& outage : state.records) seen = std::max({seen, outage.begin, outage.end.value_or(outage.begin)});
  return seen;
}
WallTime LastSeen(const SavedBatteries::Entry& entry) { return entry.saved_at; }

// Drops the inverter that is not among `known` and was unseen longest. False: there is none.
template <typename Map>
bool DropStranger(Map& inverters, const std::set<std::string>& known) {
  auto oldest = inverters.end();
  for (auto it = inverters.begin(); it != inverters.end(); ++it) {
    if (known.contains(it->first)) continue;
    if (oldest == inverters.end() || LastSeen(it->second) < LastSeen(oldest->second)) oldest = it;
  }
  if (oldest == inverters.end()) return false;
  inverters.erase(oldest);
  return true;
}

// The inverter whose first record is the oldest; null where there are no records.
Outages::SavedState* WithOldestRecord(std::map<std::string, Outages::SavedState>& inverters) {
  Outages::SavedState* oldest = nullptr;
  for (auto& [id, state] : inverters) {
    if (state.records.empty()) continue;
    if (!oldest || state.records.front().begin < oldest->records.front().begin) oldest = &state;
  }
  return oldest;
}

}  // namespace

namespace {

void WriteMembers(JsonWriter& json, const Outage& outage, bool is_counted = true) {
  json.Key("begin").Text(FormatTime(outage.begin));
  WriteTime(json.Key("end"), outage.end);
  WriteTime(json.Key("end_earliest"), outage.end_earliest);
  json.Key("duration").Number(static_cast<double>(outage.duration.count()) / 1000, 3);
  json.Key("cause").Text(Name(outage.cause));
  WriteNumber(json.Key("lowest_battery_voltage"), outage.lowest_battery_voltage);
  WriteNumber(json.Key("highest_load"), outage.highest_load);
  WriteNumber(json.Key("energy"), outage.energy);
  json.Key("battery_low").Bool(outage.battery_low);
  json.Key("gaps").Number(outage.gaps, 0);
  if (is_counted) json.Key("interruptions").Number(outage.interruptions, 0);
  json.Key("uncertain").Bool(outage.is_uncertain);
}

void WriteRecord(JsonWriter& json, const Outage& outage, bool is_counted) {
  json.Object([&] {
    WriteMembers(json, outage, is_counted);
    json.TextMember("boot", outage.boot);
    json.TextMember("end_boot", outage.end_boot);
  });
}

}  // namespace

void WriteOutage(JsonWriter& json, const Outage& outage) {
  json.Object([&] { WriteMembers(json, outage); });
}

std::string SavedOutages::ToJson() const {
  return Written(inverters, [](JsonWriter& json, const Outages::SavedState& state) {
    json.Key("total").Number(static_cast<double>(state.total), 0);
    json.Key("last_seen").Text(FormatTime(state.last_seen));
    json.TextMember("boot", state.boot);
    if (state.clock) json.Key("clock").Number(static_cast<double>(state.clock->count()), 0);
    json.Key("running");
    if (state.running) {
      WriteRecord(json, *state.running, state.is_counted);
    } else {
      json.Null();
    }
    json.Key("outages").Array([&] {
      for (const Outage& outage : state.records) WriteRecord(json, outage, /*is_counted=*/true);
    });
  });
}

std::string SavedOutages::Fit(const std::set<std::string>& known, size_t most) {
  constexpr size_t kShortestRecord = 150;  // bytes
  while (inverters.size() > kMostInverters && DropStranger(inverters, known)) continue;
  std::string json = ToJson();
  while (json.size() > most) {
    if (!DropStranger(inverters, known)) {
      size_t excess = (json.size() - most) / kShortestRecord + 1;
      for (Outages::SavedState* oldest = nullptr; excess > 0 && (oldest = WithOldestRecord(inverters)); --excess) {
        oldest->records.pop_front();
      }
      if (excess > 0) break;
    }
    json = ToJson();
  }
  return json;
}

Result<SavedOutages> SavedOutages::FromJson(std::string_view json) { return Parsed<SavedOutages>(json, ReadOutages); }

std::string SavedBatteries::ToJson() const {
  return Written(inverters, [](JsonWriter& json, const Entry& entry) {
    WriteBelief(json.Key("charge"), entry.battery.charge);
    WriteBelief(json.Key("bias"), entry.battery.bias);
    WriteBelief(json.Key("drain"), entry.battery.drain);
    json.Key("on_battery").Bool(entry.battery.on_battery);
    WriteNumber(json.Key("load"), entry.battery.load);
    WriteNumber(json.Key("energy_on_battery"), entry.energy.on_battery);
    WriteNumber(json.Key("energy_total"), entry.energy.total);
    json.Key("shutdown_advised").Bool(entry.shutdown_advised);
    json.Key("was_pack").Bool(entry.was_pack);
    json.Key("has_thermometer").Bool(entry.has_thermometer);
    WriteNumber(json.Key("utility_voltage"), entry.utility_voltage);
    WriteTest(json.Key("test"), entry.supply.test);
    json.Key("battery_spent").Bool(entry.supply.is_battery_spent);
    json.Key("saved_at").Text(FormatTime(entry.saved_at));
    json.TextMember("boot", entry.boot);
  });
}

std::string SavedBatteries::Fit(const std::set<std::string>& known, size_t most) {
  while (inverters.size() > kMostInverters && DropStranger(inverters, known)) continue;
  std::string json = ToJson();
  while (json.size() > most && DropStranger(inverters, known)) json = ToJson();
  return json;
}

Result<SavedBatteries> SavedBatteries::FromJson(std::string_view json) {
  return Parsed<SavedBatteries>(json, ReadBattery);
}

}  // namespace aims
