#include "wire/poller.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include "tests/io/temporary.h"
#include "tests/megatec/frames.h"
#include "tests/wire/fake_ups.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

const std::string kMains(frames::kMains);
const std::string kBeeperOff = "(111.0 111.0 112.0 000 60.0 13.5 00.0 00001000\r";

struct Fixture {
  Pty pty;
  asio::io_context context;
  FakeUps ups{context, std::move(pty.master)};
  Resolver resolver{context.get_executor()};
  InverterOptions options = At(pty.path);
  Inverter inverter{options};
  std::vector<Connection> connections;
  Poller poller{context.get_executor(), resolver, options, inverter,
                [this](const Update& update) { connections.push_back(update.connection); }};

  static InverterOptions At(const std::string& path) {
    InverterOptions options;
    options.device = {"one", "One", "", {.beeper = true}};
    options.address = SerialPort{path};
    options.poll_interval = 10ms;
    return options;
  }
  Fixture() { asio::co_spawn(context, poller.Run(), asio::detached); }

  // Runs until so many outcomes of polls have come.
  void Until(size_t count) {
    while (connections.size() < count && context.run_one_for(5s) > 0) {
    }
    REQUIRE(connections.size() >= count);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "CR and LF take turns until one was answered, and then it stays with that") {
  ups.Expect("Q1\r").Reply("(NAK\r");
  ups.Expect("Q1\n").Reply(kMains);
  ups.Expect("Q1\n").Reply("(NAK\r");
  ups.Expect("Q1\n").Reply(kMains);
  Until(4);
  CHECK(connections == std::vector{Connection::kSame, Connection::kBack, Connection::kSame, Connection::kSame});
  CHECK(ups.IsDone());
}

TEST_CASE_FIXTURE(Fixture, "three bad answers in a row are a loss, and the next good one ends it") {
  ups.Expect("Q1\r").Reply(kMains);
  for (int i = 0; i < 3; ++i) ups.Expect("Q1\r").Reply("(NAK\r");
  ups.Expect("Q1\r").Reply(kMains);
  Until(5);
  CHECK(connections ==
        std::vector{Connection::kBack, Connection::kSame, Connection::kSame, Connection::kLost, Connection::kBack});
}

TEST_CASE_FIXTURE(Fixture, "a command goes out after a good reading, and the next one is read at once") {
  ups.Expect("Q1\r").Reply(kMains);
  Until(1);
  poller.OnCommand(Command::kBeeperOff);
  poller.OnCommand(Command::kBeeperOn);  // there is room for one
  ups.Expect("Q1\r").Reply(kMains);
  ups.Expect("Q\r").Reply("");
  ups.Expect("Q1\r").Reply(kBeeperOff);
  Until(3);
  CHECK(ups.IsDone());
  CHECK_FALSE(inverter.snapshot().reading->beeper);
}

TEST_CASE_FIXTURE(Fixture, "what is so already is not sent: Q would turn it over") {
  ups.Expect("Q1\r").Reply(kBeeperOff);
  Until(1);
  poller.OnCommand(Command::kBeeperOff);
  for (int i = 0; i < 3; ++i) ups.Expect("Q1\r").Reply(kBeeperOff);
  Until(4);
  CHECK(ups.IsDone());
}

TEST_CASE_FIXTURE(Fixture, "a command for an inverter that does not answer is refused, and not kept") {
  poller.OnCommand(Command::kBeeperOff);
  for (int i = 0; i < 3; ++i) ups.Expect(i == 0 ? "Q1\r" : "Q1\r").Reply(kMains);
  Until(3);
  CHECK(ups.IsDone());
}

// The way back was lost with the command: the inverter may have turned its beeper over, or not.
TEST_CASE_FIXTURE(Fixture, "a line that is hung up while a command is under way is a loss") {
  ups.Expect("Q1\r").Reply(kMains);
  Until(1);
  poller.OnCommand(Command::kBeeperOff);
  ups.Expect("Q1\r").Reply(kMains);
  ups.Expect("Q\r").HangUp();
  pty.slave = Descriptor();
  Until(3);
  CHECK(connections.back() == Connection::kLost);
  CHECK_FALSE(inverter.snapshot().reading);
}
