#include "page/server.h"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <filesystem>
#include <string_view>

#include "tests/io/temporary.h"
#include "tests/page/cellar.h"

using namespace aims;
using namespace aims::page;
namespace fs = std::filesystem;

namespace {

// A server that hears of one inverter in virtual time, and writes to a disk. Nobody asks it.
struct Fixture {
  InverterOptions options = DescribedInverter();
  Inverter inverter{options, Charged(), "run", "boot"};
  WireRecord wire;
  Moment now{Inverter::Time(6000s), WallTime(1'700'000'400s)};  // a row of ten minutes begins here
  TemporaryDirectory directory;
  asio::io_context context;
  Disk disk{context.get_executor()};
  Server server{{context.get_executor(), disk, directory / ".", 20ms},
                WebOptions{},
                std::nullopt,
                {{&options, &inverter, &wire}},
                {"1.2.3", "{}", [] { return BrokerState{}; }, [] { return std::vector<std::string>(); }}};

  // For `time`, a reading every ten seconds.
  void Read(std::string_view frame, std::chrono::seconds time) {
    for (auto s = 0s; s < time; s += 10s) {
      now.steady += 10s;
      now.wall += 10s;
      const Update update = inverter.Apply(*megatec::ParseStatus(frame), now);
      server.OnUpdate(inverter, update);
    }
  }
  // How many rows are on the disk, when it has nothing to do.
  size_t Saved() {
    for (int i = 0; i < 3; ++i) {
      disk.Finish(5s);
      context.restart();
      context.run_for(5ms);
    }
    size_t bytes = 0;
    for (const auto& file : fs::directory_iterator(directory / ".")) bytes += fs::file_size(file);
    return bytes / kRowBytes;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the rows of a quiet day are saved every six hours") {
  Read(frames::kMains, 6h);
  CHECK(Saved() == 0);
  Read(frames::kMains, 10s);
  CHECK(Saved() == 36);
  Read(frames::kMains, 6h - 10s);
  CHECK(Saved() == 36);
  Read(frames::kMains, 12h + 10s);
  CHECK(Saved() == 144);
}

TEST_CASE_FIXTURE(Fixture, "the rows of an outage are saved when it is over, the last one when it is whole") {
  Read(frames::kMains, 1h);
  Read(frames::kOutage, 1h);
  CHECK(Saved() == 0);
  Read(frames::kMains, 1min);
  CHECK(Saved() == 12);
  Read(frames::kMains, 10min);
  CHECK(Saved() == 13);
  Read(frames::kMains, 5h);
  CHECK(Saved() == 13);
}
