#include "app/app.h"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <fstream>
#include <iterator>

#include "tests/io/temporary.h"
#include "tests/megatec/frames.h"
#include "tests/wire/fake_ups.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Fixture {
  TemporaryDirectory directory;
  Pty pty;
  asio::io_context context;
  Disk disk{context.get_executor()};
  FakeUps ups{context, std::move(pty.master)};
  Options options;

  Fixture() {
    InverterOptions inverter;
    inverter.device = {"one", "One", "", {.rehearsal = true}};
    inverter.address = SerialPort{pty.path};
    inverter.poll_interval = 10ms;
    options.inverters = {inverter};
    options.mqtt.broker = {"127.0.0.1", 1};  // where nothing listens
    options.web.enabled = false;
  }
  bool Until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (!done() && std::chrono::steady_clock::now() < end) context.run_for(5ms);
    return done();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an outage is saved without a broker, and its event waits") {
  App app({context.get_executor(), disk, directory.path()}, options, {});
  ups.Expect("Q1\r").Reply(std::string(frames::kMains));
  ups.Expect("Q1\r").Reply(std::string(frames::kOutage));
  app.Start();
  CHECK(Until([&] { return TextOf(directory / "outages.json").find("no mains") != std::string::npos; }));
  CHECK(Until([&] { return TextOf(directory / "events.json").find("Power lost") != std::string::npos; }));
  CHECK(ups.IsDone());
}

TEST_CASE_FIXTURE(Fixture,
                  "a restart takes the outage up again, and a rehearsal's device is announced with its own id") {
  directory.Write("outages.json",
                  R"({"version":1,"inverters":{"one":{"total":7,"last_seen":"2026-11-22T21:04:00.000+00:00",)"
                  R"("running":null,"outages":[]}}})");
  App app({context.get_executor(), disk, directory.path()}, options, {});
  CHECK(TextOf(directory / "announced.json").find("one_rehearsal") != std::string::npos);
  ups.Expect("Q1\r").Reply(std::string(frames::kOutage));
  app.Start();
  CHECK(Until([&] { return TextOf(directory / "outages.json").find(R"("total":8)") != std::string::npos; }));
  CHECK(TextOf(directory / "outages.json").find("rehearsal") == std::string::npos);
}
