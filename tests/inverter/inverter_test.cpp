#include "inverter/inverter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

std::vector<EventType> Types(const Update& update) {
  std::vector<EventType> types;
  for (const PowerEvent& event : update.events) types.push_back(event.type);
  return types;
}

struct Fixture {
  Inverter inverter{InverterOptions(), {}, "run"};
  Inverter::Time now{1000s};
  Reading mains = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);

  Connection Read(const Reading& reading, std::chrono::milliseconds later = 1s) {
    now += later;
    return inverter.Apply(reading, {now}).connection;
  }
  Connection Miss() {
    now += 1s;
    return inverter.Missed({now}).connection;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "before the first good reading nothing is known, and nothing is lost") {
  for (int i = 0; i < 100; ++i) CHECK(Miss() == Connection::kSame);
  CHECK(inverter.Gone({now}).connection == Connection::kSame);
  CHECK_FALSE(inverter.was_read());
  CHECK(Read(mains) == Connection::kBack);
  CHECK(inverter.was_read());
  CHECK(inverter.snapshot().connected);
}

TEST_CASE_FIXTURE(Fixture, "the third miss in a row makes it offline, and nothing stale is left") {
  Read(mains);
  CHECK(Miss() == Connection::kSame);
  CHECK(Miss() == Connection::kSame);
  CHECK(inverter.snapshot().connected);
  CHECK(Miss() == Connection::kLost);
  CHECK_FALSE(inverter.snapshot().connected);
  CHECK_FALSE(inverter.snapshot().reading);
  CHECK(Miss() == Connection::kSame);
}

TEST_CASE_FIXTURE(Fixture, "a good reading between misses begins the count again") {
  Read(mains);
  for (int i = 0; i < 10; ++i) {
    CHECK(Miss() == Connection::kSame);
    CHECK(Miss() == Connection::kSame);
    CHECK(Read(mains) == Connection::kSame);
  }
}

TEST_CASE_FIXTURE(Fixture, "a device that is gone is offline at once, and back with the next reading") {
  Read(mains);
  CHECK(inverter.Gone({now}).connection == Connection::kLost);
  CHECK(inverter.Gone({now}).connection == Connection::kSame);
  CHECK(Read(mains) == Connection::kBack);
  CHECK(Read(mains) == Connection::kSame);
}

TEST_CASE_FIXTURE(Fixture, "what happens is told with what is due, also when nothing else is") {
  using Events = std::vector<EventType>;
  inverter.Apply(mains, {now});
  CHECK(inverter.Apply(mains, {now += 1s}).events.empty());
  const Update lost = inverter.Apply(outage, {now += 1s, WallTime(1h)});
  CHECK(Types(lost) == Events{EventType::kPowerLost});
  CHECK(lost.events[0].inverter == inverter.device().id);
  CHECK(lost.events[0].time == WallTime(1h));
  CHECK(lost.events[0].moment == now);
  REQUIRE(lost.lines.size() == 1);
  CHECK(lost.lines[0].text.starts_with("utility power failed, running on battery"));
  CHECK(lost.save_outages);
  CHECK(Types(inverter.Gone({now += 1s})) == Events{EventType::kConnectionLost});
  CHECK(inverter.Gone({now += 1s}).events.empty());
  const Update back = inverter.Apply(mains, {now += 1s});
  CHECK(back.connection == Connection::kBack);
  CHECK(Types(back) == Events{EventType::kConnectionRestored, EventType::kPowerRestored});
}

TEST_CASE_FIXTURE(Fixture, "an outage goes on through a restart, and is not told again") {
  inverter.Apply(mains, {now});
  inverter.Apply(outage, {now += 1s, WallTime(1h)});
  Inverter again(InverterOptions(), inverter.saved());
  CHECK(again.snapshot().on_battery_since == WallTime(1h));
  CHECK(again.Apply(outage, {now += 115s, WallTime(1h + 115s)}).events.empty());
  const Update over = again.Apply(mains, {now += 5s, WallTime(1h + 120s)});
  CHECK(Types(over) == std::vector{EventType::kPowerRestored});
  CHECK(again.snapshot().last_outage_duration == 120);
  CHECK(again.snapshot().outages.value == 1);
  CHECK(again.snapshot().last_outage_record->gaps == 1);
}

TEST_CASE_FIXTURE(Fixture, "with nothing said of the battery nothing is made up") {
  Read(mains);
  Read(outage);
  const Snapshot& snapshot = inverter.snapshot();
  CHECK_FALSE(snapshot.battery_charge);
  CHECK_FALSE(snapshot.battery_runtime);
  CHECK_FALSE(snapshot.battery_health);
  CHECK_FALSE(snapshot.load_power);
  CHECK(snapshot.energy_total.value == 0);
  CHECK(snapshot.status == Status::kOnBattery);
}

TEST_CASE_FIXTURE(Fixture, "energy is told only as far as it was saved") {
  InverterOptions options;
  options.battery.rated_power = 1200;
  Inverter metered(options);
  metered.Apply(outage, {now});
  metered.OnSaved(metered.saved(), now);
  Update due;
  for (int i = 0; i < 131; ++i) {  // 23 % of 1200 VA: 10 Wh in 130.4 s
    due = metered.Apply(outage, {now += 1s});
    CHECK(metered.snapshot().energy_total.value == 0);
    if (due.save_battery) break;
  }
  CHECK(due.save_battery);
  metered.OnSaved(metered.saved(), now);
  CHECK(metered.snapshot().energy_total.value == doctest::Approx(0.01));
  CHECK(metered.snapshot().energy_on_battery.value == doctest::Approx(0.01));
  CHECK(metered.snapshot().load_power == 276);
}

TEST_CASE_FIXTURE(Fixture, "a low battery advises a shutdown, and mains that hold withdraw it") {
  Read(mains);
  Read(outage);
  outage.battery_low = true;
  std::vector<EventType> events;
  for (int i = 0; i < 12; ++i) {
    for (const EventType type : Types(inverter.Apply(outage, {now += 1s}))) events.push_back(type);
  }
  CHECK(events == std::vector{EventType::kBatteryLow, EventType::kShutdownAdvised});
  CHECK(inverter.snapshot().shutdown_advised);
  Read(mains);
  CHECK(inverter.snapshot().shutdown_advised);
  for (int i = 0; i < 58; ++i) Read(mains);
  CHECK(inverter.snapshot().shutdown_advised);
  for (int i = 0; i < 3; ++i) Read(mains);
  CHECK_FALSE(inverter.snapshot().shutdown_advised);
}

TEST_CASE_FIXTURE(Fixture, "the voltage of a cell is that of the pack where the owner says what the pack is") {
  InverterOptions options;
  options.battery.nominal_voltage = 48;
  Inverter online(options);
  mains.battery_voltage = 2.25;
  online.Apply(mains, {now});
  CHECK(online.snapshot().reading->battery_voltage == doctest::Approx(54));
  Read(mains);
  CHECK(inverter.snapshot().reading->battery_voltage == 2.25);
}

TEST_CASE_FIXTURE(Fixture, "no two events have the same id, whatever they are of") {
  Read(mains);
  Inverter other{{.device = {"other", "Other", ""}}, {}, "run"};
  other.Apply(mains, {now});
  std::set<std::string> ids;
  size_t count = 0;
  for (int i = 0; i < 20; ++i) {
    for (Inverter* one : {&inverter, &other}) {
      for (const PowerEvent& event : one->Apply(i % 2 == 0 ? outage : mains, {now += 1s}).events) {
        ids.insert(event.id);
        ++count;
      }
    }
  }
  CHECK(count == 40);
  CHECK(ids.size() == count);
}

// Bug: the energy counted between a save's beginning and its end was told as saved, and a restart took it back.
TEST_CASE_FIXTURE(Fixture, "what is counted while a save is under way is not told with it") {
  InverterOptions options;
  options.battery.rated_power = 100'000;
  Inverter metered(options);
  metered.Apply(outage, {now});
  metered.Apply(outage, {now += 10s});
  const SavedInverter saving = metered.saved();
  metered.Apply(outage, {now += 100s});
  metered.OnSaved(saving, now);
  CHECK(metered.snapshot().energy_total.value == doctest::Approx(0.06));
}

TEST_CASE_FIXTURE(Fixture, "a failure between two polls is a pair of events, and no outage") {
  for (int i = 0; i < 32; ++i) Read(mains);
  mains.utility_fault_voltage = 80.0;
  now += 1s;
  const Update due = inverter.Apply(mains, {now});
  CHECK(Types(due) == std::vector{EventType::kPowerLost, EventType::kPowerRestored});
  CHECK(due.events[0].fault_voltage == 80.0);
  REQUIRE(due.lines.size() == 1);
  CHECK(due.lines[0].text.find("80.0 V") != std::string::npos);
  CHECK(inverter.snapshot().outages.value == 0);
  now += 1s;
  CHECK(inverter.Apply(mains, {now}).events.empty());
}

// Bug: the program was stopped for 70 s across the end of an outage of 15 s, which lasted 82 s on its record.
TEST_CASE_FIXTURE(Fixture, "our own pause is no time in which an outage was seen to go on") {
  Read(mains);
  for (int i = 0; i < 10; ++i) Read(outage);
  Read(mains, 70s);
  REQUIRE(inverter.snapshot().last_outage_record);
  CHECK(inverter.snapshot().last_outage_record->duration == 9s);
  CHECK(inverter.snapshot().last_outage_record->gaps == 1);
  CHECK(inverter.snapshot().last_outage_record->end_earliest);
}

TEST_CASE("with a slow poll interval what lies between two polls is no gap") {
  InverterOptions options;
  options.poll_interval = 60s;
  Inverter slow(options);
  const Reading mains = *megatec::ParseStatus(frames::kMains);
  const Reading outage = *megatec::ParseStatus(frames::kOutage);
  Inverter::Time now{1000s};
  slow.Apply(mains, {now});
  slow.Apply(outage, {now += 60s});
  slow.Apply(mains, {now += 62s});
  CHECK(slow.snapshot().last_outage_record->gaps == 0);
  CHECK(slow.snapshot().last_outage_record->duration == 62s);
}

// Bug: killed between an event and its record, the next run told the event under another id.
TEST_CASE("the events of an outage have the same ids in a run that begins anew without its record") {
  const Reading mains = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);
  SavedInverter saved;
  saved.outages.total = 7;
  const auto ids = [&](const std::string& run) {
    Inverter inverter({.device = {"one", "One", ""}, .shutdown = {.after = 2s, .delay = 0s, .restore_delay = 5s}},
                      saved, run);
    std::vector<std::string> told;
    Inverter::Time now{1000s};
    const auto read = [&](const Reading& reading) {
      for (const PowerEvent& event : inverter.Apply(reading, {now += 1s}).events) told.push_back(event.id);
    };
    read(mains);
    for (const bool is_low : {false, false, false, true, false, true, false}) {
      outage.battery_low = is_low;
      read(outage);
    }
    for (int i = 0; i < 10; ++i) read(mains);
    return told;
  };
  CHECK(ids("a") == ids("b"));
  CHECK(ids("a") == std::vector<std::string>{"one-8-power_lost", "one-8-shutdown_advised", "one-8-battery_low",
                                             "one-8-battery_ok", "one-8-battery_low-2", "one-8-battery_ok-2",
                                             "one-8-power_restored", "one-8-shutdown_withdrawn"});
}

TEST_CASE_FIXTURE(Fixture, "events that belong to no outage have ids of their run, and two outages never the same") {
  Read(mains);
  Reading failed = mains;
  failed.ups_failed = true;
  now += 1s;
  CHECK(inverter.Apply(failed, {now}).events[0].id.starts_with("run-"));
  std::set<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    now += 1s;
    ids.insert(inverter.Apply(outage, {now}).events[0].id);
    now += 1s;
    ids.insert(inverter.Apply(mains, {now}).events[0].id);
  }
  CHECK(ids.size() >= 10);
}

namespace {

const WallTime kTruth = *ParseTime("2026-11-25T12:00:00.000+00:00");

// A host without a clock chip: its clock starts anywhere.
struct Clockless {
  std::string boot = "boot1";
  SavedInverter saved{};
  Inverter inverter{{.device = {"one", "One", ""}}, saved, "run", boot};
  Moment now{Inverter::Time(100s), WallTime(0s)};
  Reading mains = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);

  Update Read(const Reading& reading, std::chrono::milliseconds later = 1s) {
    now.steady += later;
    now.wall += later;
    return inverter.Apply(reading, now);
  }
  void Restart(const std::string& as) {
    saved = inverter.saved();
    inverter = Inverter({.device = {"one", "One", ""}}, saved, "run", as);
  }
  // The host starts again, with a clock that knows nothing.
  void Reboot() {
    Restart("boot2");
    now = {Inverter::Time(20s), WallTime(0s)};
  }
  // An outage begins while the clock is right, and the host starts again in it; when it began.
  WallTime FailThenReboot() {
    now.wall = kTruth;
    Read(mains);
    Read(outage);
    const WallTime begin = now.wall;
    Reboot();
    return begin;
  }
  const Outage& last() const { return *inverter.snapshot().last_outage_record; }
};

}  // namespace

// Bug: records kept the year 1970, ended before they began, or had ranges that excluded the truth.
TEST_CASE_FIXTURE(Clockless, "a clock that is set corrects what this boot wrote, and it is told and saved again") {
  Read(mains);
  Read(outage);
  Read(mains, 10s);
  Read(outage, 5s);
  now.wall = kTruth;
  const Update update = Read(outage, 1s);
  CHECK(update.save_outages);
  CHECK(update.clock_set > 0ms);
  CHECK(inverter.snapshot().on_battery_since == kTruth);
  CHECK(last().begin == kTruth - 15s);
  CHECK(last().end == kTruth - 5s);
  CHECK(last().duration == 10s);
  CHECK_FALSE(last().is_uncertain);
  now.wall -= 1h;  // and back
  Read(mains);
  CHECK(last().begin == kTruth - 1h);
  CHECK(last().end == now.wall);
  CHECK(inverter.saved().outages.records.front().begin == kTruth - 1h - 15s);
}

TEST_CASE_FIXTURE(Clockless, "a clock that is corrected a little, or slowly, changes nothing") {
  Read(mains);
  Read(outage);
  const WallTime begin = now.wall;
  for (int i = 0; i < 100; ++i) {
    now.wall += 1900ms;
    CHECK(Read(outage).clock_set == 0ms);
  }
  CHECK(inverter.snapshot().on_battery_since == begin);
}

TEST_CASE_FIXTURE(Clockless, "a clock that is set while this program does not run is noticed by the next run") {
  Read(mains);
  Read(outage);
  const WallTime begin = now.wall;
  Restart(boot);
  now.wall += 1000h;
  CHECK(Read(outage).clock_set == 1000h);
  CHECK(inverter.snapshot().on_battery_since == begin + 1000h);
}

TEST_CASE_FIXTURE(Clockless, "an outage that two boots saw is uncertain when the second one's clock was wrong") {
  const WallTime begin = FailThenReboot();
  Read(outage);
  Read(outage);
  now.wall = begin + 1h;
  Read(outage, 1s);
  CHECK(inverter.snapshot().on_battery_since == begin);
  Read(mains);
  CHECK(last().is_uncertain);
  CHECK(last().begin == begin);
  CHECK(last().end == now.wall);
  CHECK(last().duration >= 1h);  // what went by meanwhile is known now
  CHECK(last().duration < 1h + 1min);
}

TEST_CASE_FIXTURE(Clockless,
                  "an outage that ended before the clock was set, after a restart, holds the truth in its range") {
  const WallTime begin = FailThenReboot();
  Read(mains);
  const WallTime end = now.wall;
  now.wall = begin + 2h;
  Read(mains, 1s);
  CHECK(last().begin == begin);
  CHECK(*last().end > end);
  CHECK(*last().end >= begin + 2h);
  CHECK(*last().end_earliest >= begin);
  CHECK(*last().end_earliest <= *last().end);
  CHECK(last().is_uncertain);
}

TEST_CASE_FIXTURE(Clockless, "what an earlier boot wrote whole is left as it is") {
  now.wall = kTruth;
  Read(mains);
  Read(outage);
  Read(mains);
  const Outage before = last();
  Reboot();
  Read(mains);
  now.wall = kTruth + 1h;
  Read(mains);
  CHECK(last() == before);
}

// A PICOGLF says 00.0 for ever; it was shown as 32 °F.
TEST_CASE("a temperature of 0.0 is unknown until the inverter has told another one, also after a restart") {
  Reading reading = *megatec::ParseStatus(frames::kMains);
  Inverter inverter(InverterOptions{});
  const Moment now{Inverter::Time(1h), WallTime(1000h)};
  reading.temperature = 0;
  inverter.Apply(reading, now);
  CHECK_FALSE(inverter.snapshot().reading->temperature);
  reading.temperature = -1.5;
  const Update update = inverter.Apply(reading, now);
  CHECK(inverter.snapshot().reading->temperature == -1.5);
  CHECK(update.save_battery);
  Inverter again(InverterOptions{}, inverter.saved());
  reading.temperature = 0;
  again.Apply(reading, now);
  CHECK(again.snapshot().reading->temperature == 0.0);
}
