#include "megatec/simulator.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "megatec/q1.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  Simulator::Time now{0s};
  Simulator simulator{now};

  Reading After(std::chrono::seconds time) {
    now += time;
    simulator.Advance(now);
    const auto reading = megatec::ParseReply(simulator.Reply("Q1\r"), "Q1\r");
    REQUIRE(reading);
    return *reading;
  }
  void Do(const std::string& command) {
    CAPTURE(command);
    REQUIRE(simulator.Obey(command));
  }
  tl::expected<Reading, megatec::Refusal> Answer() { return megatec::ParseReply(simulator.Reply("Q1\r"), "Q1\r"); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "on mains it floats at 13.5 V, in 46 characters and CR") {
  const std::string reply = simulator.Reply("Q1\r");
  CHECK(reply.size() == 47);
  CHECK(reply.front() == '(');
  const Reading reading = After(3600s);
  CHECK(reading.battery_voltage == 13.5);
  CHECK_FALSE(reading.on_battery);
  CHECK(reading.line_interactive);
  CHECK(std::abs(*reading.utility_voltage - 120) < 1);
}

TEST_CASE_FIXTURE(Fixture, "Q1 with LF is answered as well, and what it does not know comes back") {
  CHECK(megatec::ParseReply(simulator.Reply("Q1\n"), "Q1\n"));
  CHECK(simulator.Reply("F\r") == "F\r");
}

TEST_CASE_FIXTURE(Fixture, "in an outage the voltage falls with load and time, down to battery low and cut-off") {
  Do("utility off");
  Reading reading = After(1s);
  CHECK(reading.on_battery);
  CHECK(reading.utility_voltage == 0);
  CHECK(reading.shutdown_flag);
  CHECK(reading.battery_voltage < 12.7);
  const double light = reading.battery_voltage;
  Do("load 50");
  CHECK(After(0s).battery_voltage < light - 0.4);

  double last = After(0s).battery_voltage;
  bool low = false;
  for (int minute = 0; minute < 60; ++minute) {
    reading = After(60s);
    if (reading.output_voltage > 0) CHECK(reading.battery_voltage <= last);
    if (reading.battery_voltage != 10.5) CHECK(reading.battery_low == (reading.battery_voltage < 10.5));
    last = reading.battery_voltage;
    low = low || reading.battery_low;
  }
  CHECK(low);
  CHECK(reading.output_voltage == 0);
}

TEST_CASE_FIXTURE(Fixture, "after an outage it is charged: boost, then float") {
  Do("utility off");
  After(600s);
  Do("utility on");
  CHECK(After(1s).battery_voltage > 13.2);
  CHECK(After(4 * 3600s).battery_voltage == 13.5);
}

TEST_CASE_FIXTURE(Fixture, "the battery has the voltage that it is given, on mains and on battery") {
  Do("battery 11.4");
  CHECK(After(0s).battery_voltage == 11.4);
  Do("utility off");
  Do("battery 10.4");
  CHECK(After(0s).battery_voltage == 10.4);
  CHECK(After(0s).battery_low);
}

TEST_CASE_FIXTURE(Fixture, "the load is what it is told") {
  Do("load 40");
  CHECK(After(0s).load == 40);
  Do("load 0");
  CHECK(After(0s).load == 0);
}

TEST_CASE_FIXTURE(Fixture, "each fault is what it says") {
  Do("fault silence");
  CHECK(simulator.Reply("Q1\r").empty());
  Do("fault garbage");
  CHECK(Answer().error() == megatec::Refusal::kNotText);
  Do("fault half");
  CHECK(Answer().error() == megatec::Refusal::kTruncated);
  Do("fault nak");
  CHECK(Answer().error() == megatec::Refusal::kNak);
  Do("fault noise");
  CHECK(simulator.Reply("Q1\r").front() != '(');
  CHECK(Answer());
  Do("fault late");
  CHECK(simulator.ReplyDelay() > 1s);
  Do("fault none");
  CHECK(simulator.ReplyDelay() == 0s);
  CHECK(Answer());
}

TEST_CASE_FIXTURE(Fixture, "commands that it does not know change nothing") {
  for (const std::string command : {"", "utility", "utility maybe", "battery", "battery x", "battery 300", "load -1",
                                    "load", "fault", "fault x", "explode"}) {
    CAPTURE(command);
    CHECK_FALSE(simulator.Obey(command));
  }
  CHECK(After(0s).battery_voltage == 13.5);
}

TEST_CASE("behind simulator:// the mains fail for a minute every ten minutes") {
  Simulator simulator(Simulator::Time{0s}, Simulator::Mains::kOutages);
  int minutes_on_battery = 0;
  for (int minute = 0; minute < 60; ++minute) {
    simulator.Advance(Simulator::Time{minute * 60s + 30s});
    minutes_on_battery += megatec::ParseReply(simulator.Reply("Q1\r"), "Q1\r")->on_battery ? 1 : 0;
  }
  CHECK(minutes_on_battery == 5);
}

TEST_CASE_FIXTURE(Fixture, "Q turns the beeper over, without a word") {
  CHECK(After(1s).beeper);
  CHECK(simulator.Reply("Q\r").empty());
  CHECK_FALSE(After(1s).beeper);
  CHECK(simulator.Reply("Q\r").empty());
  CHECK(After(1s).beeper);
}

TEST_CASE_FIXTURE(Fixture, "a test takes ten seconds, or until the battery is low, or until it is cancelled") {
  CHECK(simulator.Reply("T\r").empty());
  const Reading testing = After(1s);
  CHECK(testing.self_test);
  CHECK_FALSE(testing.on_battery);
  CHECK(testing.battery_voltage < 13);
  CHECK_FALSE(After(10s).self_test);

  CHECK(simulator.Reply("TL\r").empty());
  CHECK(After(60s).self_test);
  CHECK(simulator.Reply("CT\r").empty());
  CHECK_FALSE(After(1s).self_test);
  CHECK(simulator.Reply("TL\r").empty());
  for (int i = 0; i < 600; ++i) After(10s);
  CHECK_FALSE(After(1s).self_test);
}

TEST_CASE_FIXTURE(Fixture, "a shutdown takes the output away after its time, and gives it back") {
  CHECK(simulator.Reply("S.5R0003\r").empty());
  CHECK(After(1s).shutdown_flag);
  CHECK(After(28s).output_voltage > 100);
  CHECK(After(2s).output_voltage == 0);
  CHECK(After(170s).output_voltage == 0);
  const Reading back = After(20s);
  CHECK(back.output_voltage > 100);
  CHECK_FALSE(back.shutdown_flag);

  simulator.Reply("S01R0003\r");
  CHECK(simulator.Reply("C\r").empty());
  CHECK_FALSE(After(1s).shutdown_flag);
  CHECK(After(120s).output_voltage > 100);
  for (const char* wrong : {"S\r", "S99\r", "SxR0003\r", "S01Rx\r"}) CHECK(simulator.Reply(wrong) == wrong);
}
