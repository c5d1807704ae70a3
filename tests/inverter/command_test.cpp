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
  for (size_t i = 0; i < kCommands.size(); ++i) CHECK_FALSE(IsAllowed(static_cast<Command>(i), Permissions()));
  const Permissions control{.beeper = true};
  CHECK(IsAllowed(Command::kBeeperOff, control));
  CHECK_FALSE(IsAllowed(Command::kSelfTest, control));
  CHECK_FALSE(IsAllowed(Command::kShutdownRestore, control));
  CHECK_FALSE(IsAllowed(Command::kRehearse, control));
  const Permissions megatec{.megatec = true};
  CHECK(IsAllowed(Command::kShutdownRestore, megatec));
  CHECK(IsAllowed(Command::kCancelShutdown, megatec));
  CHECK_FALSE(IsAllowed(Command::kBeeperOn, megatec));
  const Permissions rehearsal{.rehearsal = true};
  CHECK(IsAllowed(Command::kRehearse, rehearsal));
  CHECK_FALSE(IsAllowed(Command::kShutdownRestore, rehearsal));
}

TEST_CASE("a beeper that is as it should be is not turned over") {
  Reading reading;
  reading.beeper = true;
  CHECK(IsSo(Command::kBeeperOn, reading));
  CHECK_FALSE(IsSo(Command::kBeeperOff, reading));
  CHECK_FALSE(IsSo(Command::kCancelTest, reading));
}

TEST_CASE("only what a reading shows is confirmed") {
  Reading before;
  before.on_battery = false;
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
  before.on_battery = false;
  Reading after = before;
  after.shutdown_flag = true;
  CHECK(Confirms(Command::kShutdownRestore, before, after));
  CHECK(Confirms(Command::kCancelShutdown, after, before));
  after.on_battery = true;
  CHECK_FALSE(Confirms(Command::kShutdownRestore, before, after));
  CHECK_FALSE(Confirms(Command::kCancelShutdown, after, before));
}

}  // namespace
}  // namespace aims
