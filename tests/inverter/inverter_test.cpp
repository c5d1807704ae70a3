#include "inverter/inverter.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "homeassistant/entities.h"
#include "megatec/q1.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

InverterOptions Every(std::chrono::milliseconds poll_interval, std::chrono::milliseconds report_interval) {
  InverterOptions options;
  options.poll_interval = poll_interval;
  options.report_interval = report_interval;
  return options;
}

struct Fixture {
  Inverter inverter{Every(1s, 10s)};
  Inverter::Time now{1000s};
  Reading mains = *megatec::ParseStatus(frames::kMains);
  Reading outage = *megatec::ParseStatus(frames::kOutage);

  Tell Read(const Reading& reading, std::chrono::milliseconds later = 1s) {
    now += later;
    return inverter.Read(reading, {now}).tell;
  }
  Tell Miss() {
    now += 1s;
    return inverter.Missed({now}).tell;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "nothing is told before the first good reading") {
  for (int i = 0; i < 100; ++i) CHECK(Miss() == Tell::kNothing);
  CHECK(inverter.Gone({now}).tell == Tell::kNothing);
  CHECK_FALSE(inverter.was_read());
  CHECK(Read(mains) == Tell::kOnline);
  CHECK(inverter.was_read());
  CHECK(inverter.snapshot().connected);
}

TEST_CASE_FIXTURE(Fixture, "what does not change is told once a minute") {
  Read(mains);
  int told = 0;
  for (int i = 0; i < 180; ++i) told += Read(mains) == Tell::kState ? 1 : 0;
  CHECK(told == 3);
}

TEST_CASE_FIXTURE(Fixture, "measurements that change are told at the report interval on mains") {
  Read(mains);
  int told = 0;
  for (int i = 0; i < 100; ++i) {
    mains.utility_voltage += 0.1;
    told += Read(mains) == Tell::kState ? 1 : 0;
  }
  CHECK(told == 10);
}

TEST_CASE_FIXTURE(Fixture, "a poll that comes a hair early is not put off to the next one") {
  Read(mains);
  int told = 0;
  for (int i = 0; i < 100; ++i) {
    mains.utility_voltage += 0.1;
    told += Read(mains, i % 2 == 0 ? 997ms : 1003ms) == Tell::kState ? 1 : 0;
  }
  CHECK(told == 10);
}

TEST_CASE_FIXTURE(Fixture, "on battery they are told every 2 s, or faster where the owner wants it") {
  Read(mains);
  Read(outage);
  int told = 0;
  for (int i = 0; i < 20; ++i) {
    outage.battery_voltage -= 0.1;
    told += Read(outage) == Tell::kState ? 1 : 0;
  }
  CHECK(told == 10);

  Inverter fast{Every(1s, 1s)};
  fast.Read(outage, {now});
  outage.battery_voltage -= 0.1;
  CHECK(fast.Read(outage, {now + 1s}).tell == Tell::kState);
}

TEST_CASE_FIXTURE(Fixture, "any change of a flag is told at once") {
  Read(mains);
  for (const Flag flag : {&Reading::utility_power, &Reading::battery_low, &Reading::avr_active, &Reading::ups_failed,
                          &Reading::line_interactive, &Reading::self_test, &Reading::shutdown_flag, &Reading::beeper}) {
    mains.*flag = !(mains.*flag);
    CHECK(Read(mains, 1ms) == Tell::kState);
    CHECK(Read(mains, 1ms) == Tell::kNothing);
  }
}

TEST_CASE_FIXTURE(Fixture, "a number that becomes unknown is told at once") {
  Read(mains);
  mains.load.reset();
  CHECK(Read(mains, 1ms) == Tell::kState);
}

TEST_CASE_FIXTURE(Fixture, "the third miss in a row makes it offline, and nothing stale is left") {
  Read(mains);
  CHECK(Miss() == Tell::kNothing);
  CHECK(Miss() == Tell::kNothing);
  CHECK(inverter.snapshot().connected);
  CHECK(Miss() == Tell::kOffline);
  CHECK_FALSE(inverter.snapshot().connected);
  CHECK_FALSE(inverter.snapshot().reading);
  CHECK(Miss() == Tell::kNothing);
}

TEST_CASE_FIXTURE(Fixture, "a good reading between misses begins the count again") {
  Read(mains);
  for (int i = 0; i < 10; ++i) {
    CHECK(Miss() == Tell::kNothing);
    CHECK(Miss() == Tell::kNothing);
    CHECK(Read(mains) == Tell::kNothing);
  }
}

TEST_CASE_FIXTURE(Fixture, "a device that is gone is offline at once, and back with the next reading") {
  Read(mains);
  CHECK(inverter.Gone({now}).tell == Tell::kOffline);
  CHECK(inverter.Gone({now}).tell == Tell::kNothing);
  CHECK(Read(mains) == Tell::kOnline);
  CHECK(Read(mains) == Tell::kNothing);
}

TEST_CASE_FIXTURE(Fixture, "while it is silent the state is told once a minute") {
  Read(mains);
  inverter.Gone({now});
  int told = 0;
  for (int i = 0; i < 120; ++i) told += Miss() == Tell::kState ? 1 : 0;
  CHECK(told == 2);
}

TEST_CASE("at least once a minute, also where polls are 40 s apart") {
  Inverter inverter{Every(40s, 3600s)};
  Inverter::Time now{1000s};
  const Reading mains = *megatec::ParseStatus(frames::kMains);
  inverter.Read(mains, {now});
  for (int i = 0; i < 10; ++i) CHECK(inverter.Read(mains, {now += 40s}).tell == Tell::kState);
}

TEST_CASE("fast polls do not make the report interval shorter") {
  Inverter inverter{Every(50ms, 1s)};
  Inverter::Time now{1000s};
  Reading mains = *megatec::ParseStatus(frames::kMains);
  inverter.Read(mains, {now});
  int told = 0;
  for (int i = 0; i < 400; ++i) {
    mains.utility_voltage += 0.1;
    told += inverter.Read(mains, {now += 50ms}).tell == Tell::kState ? 1 : 0;
  }
  CHECK(told == 20);
}

TEST_CASE_FIXTURE(Fixture, "what happens is told with what is due, also when nothing else is") {
  using Events = std::vector<EventType>;
  inverter.Read(mains, {now});
  CHECK(inverter.Read(mains, {now += 1s}).events.empty());
  const Due lost = inverter.Read(outage, {now += 1s});
  CHECK(lost.tell == Tell::kState);
  CHECK(lost.events == Events{EventType::kPowerLost});
  REQUIRE(lost.lines.size() == 1);
  CHECK(lost.lines[0].text.starts_with("utility power failed, running on battery"));
  CHECK(lost.outages);
  CHECK(inverter.Gone({now += 1s}).events == Events{EventType::kConnectionLost});
  CHECK(inverter.Gone({now += 1s}).events.empty());
  const Due back = inverter.Read(mains, {now += 1s});
  CHECK(back.tell == Tell::kOnline);
  CHECK(back.events == Events{EventType::kConnectionRestored, EventType::kPowerRestored});
}

TEST_CASE_FIXTURE(Fixture, "an outage goes on through a restart, and is not told again") {
  inverter.Read(mains, {now});
  inverter.Read(outage, {now += 1s, WallTime(1h)});
  Inverter again(Every(1s, 10s), inverter.outages(), inverter.battery());
  CHECK(again.snapshot().on_battery_since == WallTime(1h));
  CHECK(again.Read(outage, {now += 60s, WallTime(1h + 60s)}).events.empty());
  const Due over = again.Read(mains, {now += 60s, WallTime(1h + 120s)});
  CHECK(over.events == std::vector{EventType::kPowerRestored});
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

TEST_CASE_FIXTURE(Fixture, "energy is told only as far as it was kept") {
  InverterOptions options = Every(1s, 10s);
  options.battery.rated_power = 1200;
  Inverter metered(options);
  metered.Read(outage, {now});
  Due due;
  for (int i = 0; i < 131; ++i) {  // 23 % of 1200 VA: 10 Wh in 130.4 s
    due = metered.Read(outage, {now += 1s});
    CHECK(metered.snapshot().energy_total.value == 0);
    if (due.battery) break;
  }
  CHECK(due.battery);
  metered.Kept(now);
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
    for (const EventType type : inverter.Read(outage, {now += 1s}).events) events.push_back(type);
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
  InverterOptions options = Every(1s, 10s);
  options.battery.nominal_voltage = 48;
  Inverter online(options);
  mains.battery_voltage = 2.25;
  online.Read(mains, {now});
  CHECK(online.snapshot().reading->battery_voltage == doctest::Approx(54));
  Read(mains);
  CHECK(inverter.snapshot().reading->battery_voltage == 2.25);
}

TEST_CASE_FIXTURE(Fixture, "a failure between two polls is a pair of events, and no outage") {
  Read(mains);
  Read(mains, 31s);
  mains.utility_fault_voltage = 80.0;
  now += 1s;
  const Due due = inverter.Read(mains, {now});
  CHECK(due.events == std::vector{EventType::kPowerLost, EventType::kPowerRestored});
  CHECK(due.fault_voltage == 80.0);
  REQUIRE(due.lines.size() == 1);
  CHECK(due.lines[0].text.find("80.0 V") != std::string::npos);
  CHECK(inverter.snapshot().outages.value == 0);
  now += 1s;
  CHECK(inverter.Read(mains, {now}).events.empty());
}

TEST_CASE("the log guides through a calibration, a line for each step") {
  InverterOptions options;
  options.battery = {.type = BatteryType::kAgm, .nominal_voltage = 12, .capacity = 20, .rated_power = 1200};
  Inverter inverter(options, {}, {.battery = {.charge = 0.5}});
  Inverter::Time now{1000s};
  std::vector<std::string> lines;
  const auto read = [&](std::string_view frame, std::chrono::seconds time, bool battery_low = false) {
    Reading reading = *megatec::ParseStatus(frame);
    reading.battery_low = battery_low;
    for (const auto end = now + time; now < end;) {
      now += 1s;
      for (const Entry& line : inverter.Read(reading, {now}).lines) lines.push_back(line.text);
    }
    return std::exchange(lines, {});
  };
  const auto says = [](const std::vector<std::string>& all, size_t count, std::string_view start) {
    CHECK(all.size() == count);
    CHECK(std::count_if(all.begin(), all.end(), [&](const auto& line) { return line.starts_with(start); }) == 1);
  };
  says(read(frames::kMains, 13h), 1, "the battery is full; it was never calibrated: ");
  says(read(frames::kOutage, 10min), 2, "this discharge began full: ");
  says(read(frames::kMains, 10s), 2, "not calibrated: the discharge ended");
  says(read(frames::kOutage, 10min, true), 3, "not calibrated: this discharge was not seen to begin with a full");
  says(read(frames::kMains, 13h), 3, "the battery is full; it was never calibrated: ");
  says(read(frames::kOutage, 19min), 2, "this discharge began full: ");
  says(read(frames::kOutage, 1min, true), 2, "calibrated: from full until it was low the battery gave ");
  CHECK(inverter.battery().battery.factor);
}
