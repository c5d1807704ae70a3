#include "app/store.h"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <deque>
#include <filesystem>

#include "megatec/q1.h"
#include "tests/io/temporary.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

InverterOptions Named(const std::string& id) {
  InverterOptions options;
  options.device = {id, id, ""};
  return options;
}

const Reading kOutage = *megatec::ParseStatus(frames::kOutage);

}  // namespace

TEST_CASE("what is saved is there after a restart, and who saved it hears of it then") {
  const TemporaryDirectory directory;
  asio::io_context context;
  Disk disk(context.get_executor());
  std::vector<std::string> saved;
  Store store({context.get_executor(), disk, directory.path()},
              [&](const auto& id, const auto&) { saved.push_back(id); });
  Inverter inverter(Named("one"), store.Load("one"));
  const Update update = inverter.Apply(kOutage, {Inverter::Time(1000s), WallTime(1h)});
  REQUIRE(update.save_outages);
  store.OnUpdate(inverter, update);
  CHECK(saved.empty());  // nothing keeps those waiting who are told
  context.run();
  CHECK(saved == std::vector<std::string>{"one"});

  Store again({context.get_executor(), disk, directory.path()}, [](const auto&, const auto&) {});
  CHECK(again.Load("one").outages == inverter.saved().outages);
  CHECK_FALSE(again.Load("two").outages.running);
}

// Bug: 64 inverters that failed in the same second were 64 writes, each with its fsync.
TEST_CASE("what changes at the same time is one write") {
  const TemporaryDirectory directory;
  asio::io_context context;
  Disk disk(context.get_executor());
  int saved = 0;
  Store store({context.get_executor(), disk, directory.path()}, [&](const auto&, const auto&) { ++saved; });
  std::deque<Inverter> inverters;
  for (int i = 0; i < 64; ++i) {
    Inverter& inverter = inverters.emplace_back(Named("id" + std::to_string(i)));
    store.OnUpdate(inverter, inverter.Apply(kOutage, {Inverter::Time(1000s), WallTime(1h)}));
  }
  CHECK(context.run() == 3);  // one look at what changed, and a word from the disk for each file
  CHECK(saved == 64);
}

TEST_CASE("an update that asks for nothing writes nothing") {
  const TemporaryDirectory directory;
  asio::io_context context;
  Disk disk(context.get_executor());
  Store store({context.get_executor(), disk, directory.path()}, [](const auto&, const auto&) {});
  store.OnUpdate(Inverter(Named("one")), Update());
  CHECK(context.run() == 0);
  CHECK(std::filesystem::is_empty(directory.path()));
}

// Bug: /data was full for three seconds when an outage began, and the outage was gone after the next start.
TEST_CASE("what could not be saved is saved when it can be, though nothing else happens") {
  const TemporaryDirectory directory;
  asio::io_context context;
  Disk disk(context.get_executor());
  int saved = 0;
  const auto count = [&](const auto&, const auto&) { ++saved; };
  Store store({context.get_executor(), disk, directory / "later", 10ms}, count);
  Inverter inverter(Named("one"));
  store.OnUpdate(inverter, inverter.Apply(kOutage, {Inverter::Time(1000s), WallTime(1h)}));
  context.run_for(5ms);
  CHECK(saved == 0);
  std::filesystem::create_directory(directory / "later");
  context.restart();
  context.run();
  CHECK(saved == 1);
  CHECK(Store({context.get_executor(), disk, directory / "later"}, {}).Load("one").outages.running);
}

TEST_CASE("at the end all is saved, also right after a save that failed") {
  const TemporaryDirectory directory;
  asio::io_context context;
  Disk disk(context.get_executor());
  Store store({context.get_executor(), disk, directory / "later"}, [](const auto&, const auto&) {});
  Inverter inverter(Named("one"));
  store.OnUpdate(inverter, inverter.Apply(kOutage, {Inverter::Time(1000s), WallTime(1h)}));
  context.poll();
  std::filesystem::create_directory(directory / "later");
  store.SaveAtStop({&inverter});
  CHECK(disk.Finish(5s));
  CHECK(Store({context.get_executor(), disk, directory / "later"}, {}).Load("one").outages.running);
}

TEST_CASE("what cannot be saved is not called saved") {
  const TemporaryDirectory directory;
  asio::io_context context;
  Disk disk(context.get_executor());
  int saved = 0;
  Store store({context.get_executor(), disk, directory / "nowhere"}, [&](const auto&, const auto&) { ++saved; });
  Inverter inverter(Named("one"));
  store.OnUpdate(inverter, inverter.Apply(kOutage, {Inverter::Time(1000s), WallTime(1h)}));
  context.run_for(20ms);
  CHECK(saved == 0);
}
