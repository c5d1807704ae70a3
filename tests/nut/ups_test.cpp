#include "nut/ups.h"

#include "tests/nut/house.h"

using namespace aims;
using namespace aims::nut;

namespace {

constexpr char kStale[] = "ERR DATA-STALE\n";

SavedInverter SavedIn(Cause cause, bool is_advised = false) {
  SavedInverter saved = Charged();
  saved.outages.total = 1;
  saved.outages.running = Outage{.begin = WallTime(1'699'999'000s), .duration = 900s, .cause = cause};
  saved.outages.last_seen = WallTime(1'699'999'900s);
  saved.battery.shutdown_advised = is_advised;
  saved.battery.boot = House::kBoot;
  return saved;
}

// So far down that it is advised at once: by the inverter's own bit, after the time that an inrush may take.
Reading Low(Reading reading) {
  reading.battery_low = true;
  reading.battery_voltage = 10.8;
  return reading;
}

}  // namespace

TEST_CASE_FIXTURE(House, "nothing was read, and no outage is known: the data are stale") {
  CHECK(Status() == kStale);
  Miss(10s);
  CHECK(Status() == kStale);
  Read(mains);
  CHECK(Status() == "OL");
}

TEST_CASE_FIXTURE(House, "with the utility there two misses change nothing, and the third makes it stale") {
  Read(mains);
  Miss(2s);
  CHECK(Status() == "OL");
  Miss(1s);
  CHECK(Status() == kStale);
  Read(mains);
  CHECK(Status() == "OL");
}

TEST_CASE_FIXTURE(House, "in an outage it is OB DISCHRG, and OL with the first reading after it") {
  Read(mains, 10s);
  Read(outage, 5s);
  CHECK(Status() == "OB DISCHRG");
  Read(mains);
  CHECK(Status().starts_with("OL"));
}

TEST_CASE_FIXTURE(House, "the bits that every AIMS outage sets order nothing") {
  Read(mains, 10s);
  REQUIRE(outage.shutdown_flag);
  for (int i = 0; i < 30; ++i) {
    Read(outage);
    CHECK(Status() == "OB DISCHRG");
  }
}

TEST_CASE_FIXTURE(House, "the low bit alone is no LB; the advice is FSD OB LB") {
  Read(mains, 10s);
  Read(outage, 5s);
  for (int i = 0; i < 4; ++i) {
    Read(Low(outage));
    CHECK(Status() == "OB DISCHRG");
  }
  Read(Low(outage), 10s);
  REQUIRE(inverter.snapshot().shutdown_advised);
  CHECK(Status() == "FSD OB LB DISCHRG");
  Read(mains);
  CHECK(inverter.snapshot().shutdown_advised);  // until the utility is stable
  CHECK(Status().starts_with("OL"));
  Read(outage);
  CHECK(Status() == "FSD OB LB DISCHRG");  // the advice stands
}

// W1 of published cases: with 118 V at the input the clients saw OL DISCHRG until the battery was dead.
TEST_CASE_FIXTURE(House, "on battery is OB whatever the input shows, and the alarm says what it shows") {
  Read(mains, 10s);
  Reading refused = outage;
  refused.utility_voltage = 111;
  Read(refused, 5s);
  CHECK(Status() == "OB DISCHRG");
  CHECK(Value("ups.alarm") == "on battery although the utility shows 111 V");
  Read(Low(refused), 20s);
  CHECK(Status() == "FSD OB LB DISCHRG");
  CHECK(Value("ups.alarm") == "on battery although the utility shows 111 V; the inverter may switch off at any moment");
  CHECK(std::stod(Value("battery.charge")) <= 5);
}

TEST_CASE_FIXTURE(House, "in a test nothing is ordered") {
  Read(mains, 10s);
  Reading test = mains;
  test.self_test = true;
  Read(test);
  CHECK(Status() == "OL DISCHRG");
  test.on_battery = true;
  Read(Low(test), 40s);
  CHECK(Status() == "OL DISCHRG");
  CHECK(Value("ups.test.result") == "In progress");
}

TEST_CASE("in battery-priority mode nothing is ordered while the input is in range") {
  InverterOptions options = DescribedInverter();
  options.utility_voltage = 110;
  options.has_battery_priority = true;
  House house(options);
  house.Read(house.mains, 10s);
  Reading priority = house.mains;
  priority.on_battery = true;
  house.Read(Low(priority), 300s);
  CHECK(house.Status() == "OL DISCHRG");
  CHECK_FALSE(house.inverter.snapshot().shutdown_advised);
  house.Read(Low(house.outage), 20s);
  CHECK(house.Status() == "FSD OB LB DISCHRG");
}

TEST_CASE_FIXTURE(House, "in a silent outage the last reading stands, and charge and runtime are counted on") {
  Read(mains, 10s);
  Read(outage, 60s);
  const double before = std::stod(Value("battery.runtime"));
  Miss(30s);
  CHECK(Status() == "OB DISCHRG");
  CHECK(Value("output.voltage") == "120.0");
  CHECK(Value("driver.state") == "reconnect.trying");
  CHECK(Value("ups.realpower") == "276");
  CHECK(std::stod(Value("battery.charge")) < 100);
  Miss(600s);
  CHECK(Status() == "OB DISCHRG");
  CHECK(std::stod(Value("battery.runtime")) < before - 500);
}

TEST_CASE("in a silent outage our own advice comes when the battery is down, and orders") {
  InverterOptions options = DescribedInverter();
  options.shutdown.after = 50s;
  House house(options);
  house.Read(house.mains, 10s);
  house.Read(house.outage, 5s);
  house.Miss(55s);
  CHECK(house.Status() == "OB DISCHRG");  // due, but the wire has not been silent for a minute
  house.Miss(30s);
  CHECK(house.Status() == "FSD OB LB DISCHRG");
}

TEST_CASE("the device is gone in an outage: its last reading stands") {
  House house;
  house.Read(house.mains, 10s);
  house.Read(house.outage, 5s);
  house.Pass(1s);
  house.Hear(house.inverter.Gone(house.now));
  CHECK(house.Status() == "OB DISCHRG");
  house.Read(house.mains);
  house.Hear(house.inverter.Gone(house.now));
  CHECK(house.Status() == kStale);
}

TEST_CASE("after a restart in an outage the first answer is OB DISCHRG, also where a shutdown was advised") {
  for (const bool is_advised : {false, true}) {
    House house(DescribedInverter(), SavedIn(Cause::kNoMains, is_advised));
    CHECK(house.Status() == "OB DISCHRG");
    CHECK(house.Value("input.voltage") == "ERR VAR-NOT-SUPPORTED\n");
    house.Miss(20s);
    CHECK(house.Status() == "OB DISCHRG");
  }
}

TEST_CASE("after a restart saved advice orders with a reading on battery, and never with the utility back") {
  House on(DescribedInverter(), SavedIn(Cause::kNoMains, true));
  on.Read(on.outage);
  CHECK(on.Status() == "FSD OB LB DISCHRG");
  House off(DescribedInverter(), SavedIn(Cause::kNoMains, true));
  off.Read(off.mains);
  CHECK(off.Status().starts_with("OL"));
}

TEST_CASE("after a restart and a minute of silence our own advice orders, and saved advice alone does not") {
  House none(DescribedInverter(), SavedIn(Cause::kNoMains, true));
  none.Miss(300s);
  CHECK(none.Status() == "OB DISCHRG");

  InverterOptions options = DescribedInverter();
  options.shutdown.after = 1000s;
  House due(options, SavedIn(Cause::kNoMains));
  due.Miss(50s);
  CHECK(due.Status() == "OB DISCHRG");
  due.Miss(120s);
  CHECK(due.Status() == "FSD OB LB DISCHRG");
}

TEST_CASE("after a restart of the host nothing orders before a reading: the power may have come back meanwhile") {
  InverterOptions options = DescribedInverter();
  options.shutdown.after = 100s;
  SavedInverter saved = SavedIn(Cause::kNoMains, true);
  saved.battery.boot = "another";
  House house(options, saved);
  CHECK(house.Status() == "OB DISCHRG");
  house.Miss(3600s);
  CHECK(house.Status() == "OB DISCHRG");
  house.Read(house.outage, 20s);
  CHECK(house.Status() == "FSD OB LB DISCHRG");
}

TEST_CASE("an order stands for ten minutes on a silent wire: a computer that starts later is not shut down") {
  InverterOptions options = DescribedInverter();
  options.shutdown.after = 5s;
  House house(options);
  house.Read(house.mains, 10s);
  house.Read(house.outage, 20s);
  REQUIRE(house.Status() == "FSD OB LB DISCHRG");
  house.Miss(599s);
  CHECK(house.Status() == "FSD OB LB DISCHRG");
  house.Miss(60s);
  CHECK(house.Status() == kStale);
  house.Read(house.outage);
  CHECK(house.Status() == "FSD OB LB DISCHRG");
  house.Read(house.mains);
  CHECK(house.Status().starts_with("OL"));
}

TEST_CASE("what an earlier version took for no outage is none before a reading: the data are stale") {
  SavedInverter saved = SavedIn(Cause::kMainsPresent);
  saved.outages.is_counted = false;
  House house(DescribedInverter(), saved);
  CHECK(house.Status() == kStale);
}

TEST_CASE_FIXTURE(House, "overload and AVR are told, and charging while the battery is not full") {
  mains.load = 101;
  mains.avr_active = true;
  Read(mains, 5s);
  CHECK(Status() == "OL OVER BOOST");
  mains.load = 100;
  mains.avr_active = false;
  Read(mains);
  CHECK(Status() == "OL");
  Reading float_voltage = mains;
  float_voltage.battery_voltage = 13.6;
  Read(float_voltage, 60s);
  Read(outage, 3000s);
  Read(mains, 5s);
  CHECK(Status() == "OL CHRG");
}

TEST_CASE_FIXTURE(House, "a failed inverter has an alarm text, and no token that a client could take for an order") {
  mains.ups_failed = true;
  Read(mains);
  CHECK(Status() == "OL");
  CHECK(Value("ups.alarm") == "UPS failed");
}

TEST_CASE_FIXTURE(House, "a primary's FSD in an outage is an order to all, until the utility is back") {
  Read(mains, 10s);
  Read(outage, 5s);
  LogInAs(*sessions.front(), "nas", "n");
  CHECK(Ask("FSD aims_inverter") == "OK FSD-SET\n");
  CHECK(Status() == "FSD OB LB DISCHRG");
  REQUIRE(inverter.snapshot().shutdown_advised);
  REQUIRE(inverter.snapshot().shutdown_reasons.size() == 1);
  CHECK(inverter.snapshot().shutdown_reasons[0].why == ShutdownAdvisor::Why::kRequested);
  Read(outage, 5s);
  CHECK(Status() == "FSD OB LB DISCHRG");
  Read(mains);
  CHECK(Status().starts_with("OL"));
  Read(mains, 120s);
  CHECK_FALSE(inverter.snapshot().shutdown_advised);
  Read(outage, 5s);
  CHECK(Status() == "OB DISCHRG");  // of an outage that is over
}

TEST_CASE_FIXTURE(House, "a primary's FSD with the utility there is answered, said in the log, and changes nothing") {
  Read(mains, 10s);
  LogInAs(*sessions.front(), "nas", "n");
  CHECK(Ask("FSD aims_inverter") == "OK FSD-SET\n");
  CHECK(Status() == "OL");
  CHECK_FALSE(inverter.snapshot().shutdown_advised);
  REQUIRE(log.size() == 1);
  CHECK(
      log[0] ==
      "NUT server: nas at 192.168.1.20 asked for a shutdown of all computers at aims_inverter (FSD). Ignored: utility "
      "power is present");
}
