#include "inverter/command.h"

#include <doctest/doctest.h>

namespace aims {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a command is one of eight words, and no other") {
  for (const std::string_view word : kCommands) CHECK(Name(*CommandOf(word)) == word);
  for (const char* wrong :
       {"", "BEEPER_ON", "beeper_on ", " beeper_on", "beeper_on\n", "beeper", "Q", "S01R0003", "C\r"}) {
    CHECK_FALSE(CommandOf(wrong));
  }
  CHECK_FALSE(CommandOf(std::string_view("beeper_on\0", 10)));
}

TEST_CASE("nothing is allowed that the owner has not allowed") {
  for (size_t i = 0; i < kCommands.size(); ++i) CHECK_FALSE(IsAllowed(static_cast<Command>(i), Allowed()));
  const Allowed control{.control = true};
  CHECK(IsAllowed(Command::kBeeperOff, control));
  CHECK_FALSE(IsAllowed(Command::kSelfTest, control));
  CHECK_FALSE(IsAllowed(Command::kShutdownRestore, control));
  CHECK_FALSE(IsAllowed(Command::kRehearse, control));
  const Allowed megatec{.megatec_control = true};
  CHECK(IsAllowed(Command::kShutdownRestore, megatec));
  CHECK(IsAllowed(Command::kCancelShutdown, megatec));
  CHECK_FALSE(IsAllowed(Command::kBeeperOn, megatec));
  const Allowed rehearsal{.rehearsal = true};
  CHECK(IsAllowed(Command::kRehearse, rehearsal));
  CHECK_FALSE(IsAllowed(Command::kShutdownRestore, rehearsal));
}

TEST_CASE("requests are Megatec's") {
  const ShutdownDelays delays;
  CHECK(Request(Command::kBeeperOn, delays) == "Q\r");
  CHECK(Request(Command::kBeeperOff, delays) == "Q\r");
  CHECK(Request(Command::kSelfTest, delays) == "T\r");
  CHECK(Request(Command::kSelfTestUntilLow, delays) == "TL\r");
  CHECK(Request(Command::kCancelTest, delays) == "CT\r");
  CHECK(Request(Command::kShutdownRestore, delays) == "S01R0003\r");
  CHECK(Request(Command::kCancelShutdown, delays) == "C\r");
  CHECK(Request(Command::kRehearse, delays).empty());
}

TEST_CASE("delays are rounded up to what the protocol can say, never down") {
  const auto request = [](std::chrono::seconds off, std::chrono::seconds back) {
    return Request(Command::kShutdownRestore, {off, back});
  };
  CHECK(request(12s, 180s) == "S.2R0003\r");
  CHECK(request(13s, 181s) == "S.3R0004\r");
  CHECK(request(54s, 1h) == "S.9R0060\r");
  CHECK(request(55s, 1h) == "S01R0060\r");
  CHECK(request(61s, 1h) == "S02R0060\r");
  CHECK(request(600s, 9999min) == "S10R9999\r");
  CHECK(request(0s, 0s) == "S.2R0003\r");
  CHECK(request(24h, 10000h) == "S10R9999\r");
}

TEST_CASE("a beeper that is as it should be is not turned over") {
  Reading reading;
  reading.beeper = true;
  CHECK(IsSo(Command::kBeeperOn, reading));
  CHECK_FALSE(IsSo(Command::kBeeperOff, reading));
  CHECK_FALSE(IsSo(Command::kCancelTest, reading));
}

TEST_CASE("an echo and a NAK are refusals; silence, ACK and a late status are none") {
  CHECK(IsRefusal("T\r", "T\r"));
  CHECK(IsRefusal("NAK\r", "T\r"));
  CHECK(IsRefusal("(NAK\r", "T\r"));
  CHECK(IsRefusal("N\r", "T\r"));
  CHECK(IsRefusal("UPS No Ack\r", "T\r"));
  CHECK_FALSE(IsRefusal("", "T\r"));
  CHECK_FALSE(IsRefusal("ACK\r", "T\r"));
  CHECK_FALSE(IsRefusal("(ACK\r", "T\r"));
  CHECK_FALSE(IsRefusal("(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r", "T\r"));
}

TEST_CASE("only what a reading shows is confirmed") {
  Reading before;
  before.utility_power = true;
  Reading after = before;
  for (const Command command : {Command::kSelfTest, Command::kCancelTest, Command::kShutdownRestore,
                                Command::kCancelShutdown, Command::kBeeperOn, Command::kRehearse}) {
    CHECK_FALSE(Confirms(command, before, after));
  }
  after.beeper = true;
  CHECK(Confirms(Command::kBeeperOn, before, after));
  CHECK(Confirms(Command::kBeeperOff, after, before));
  after.self_test = true;
  CHECK(Confirms(Command::kSelfTest, before, after));
  CHECK(Confirms(Command::kSelfTestUntilLow, before, after));
  CHECK_FALSE(Confirms(Command::kSelfTest, after, after));
  CHECK(Confirms(Command::kCancelTest, after, before));
}

// b1 comes on at once in every outage of an AIMS.
TEST_CASE("a shutdown flag that came with an outage confirms nothing") {
  Reading before;
  before.utility_power = true;
  Reading after = before;
  after.shutdown_flag = true;
  CHECK(Confirms(Command::kShutdownRestore, before, after));
  CHECK(Confirms(Command::kCancelShutdown, after, before));
  after.utility_power = false;
  CHECK_FALSE(Confirms(Command::kShutdownRestore, before, after));
  CHECK_FALSE(Confirms(Command::kCancelShutdown, after, before));
}

}  // namespace
}  // namespace aims
