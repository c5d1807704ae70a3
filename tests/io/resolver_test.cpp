#include "io/resolver.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

using namespace aims;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

Resolver::Addresses Address(const char* text) { return {asio::ip::make_address(text)}; }

// A name server that answers when the test says so. Names that begin with "dead" are not answered before.
struct Fixture {
  struct Server {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    std::atomic<int> asked = 0;
    std::atomic<bool> is_failing = false;
  };
  std::shared_ptr<Server> server = std::make_shared<Server>();
  asio::io_context context;
  Resolver resolver{context.get_executor(),
                    [server = server](const std::string& host) -> Result<Resolver::Addresses> {
                      ++server->asked;
                      std::unique_lock lock(server->mutex);
                      if (host.starts_with("dead")) server->changed.wait(lock, [&] { return server->is_open; });
                      if (server->is_failing) return Failure(ErrorCode::kAbsent, "try again");
                      return Address("192.0.2.1");
                    },
                    200ms};

  ~Fixture() { Open(); }
  void Open() {
    const std::lock_guard lock(server->mutex);
    server->is_open = true;
    server->changed.notify_all();
  }
  Result<Resolver::Addresses> Find(const std::string& host, Resolver::Old old = Resolver::Old::kGood) {
    std::optional<Result<Resolver::Addresses>> found;
    asio::co_spawn(context, resolver.Find(host, old),
                   [&](std::exception_ptr, Result<Resolver::Addresses> addresses) { found = std::move(addresses); });
    context.restart();
    while (!found && context.run_one_for(5s) > 0) {
    }
    REQUIRE(found);
    return *found;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an address is one already, and asks nobody") {
  CHECK(Find("192.0.2.7") == Address("192.0.2.7"));
  CHECK(Find("::1") == Address("::1"));
  CHECK(server->asked == 0);
}

// Bug: Asio looks names up one after the other: a broker was connected to after 80 s with four dead names before it.
TEST_CASE_FIXTURE(Fixture, "a name does not wait for dead ones, and they end at the limit") {
  const auto start = Clock::now();
  int ended = 0;
  for (const char* host : {"dead1", "dead2", "dead3", "dead4"}) {
    asio::co_spawn(context, resolver.Find(host),
                   [&](std::exception_ptr, const Result<Resolver::Addresses>& found) { ended += found ? 0 : 1; });
  }
  CHECK(Find("alive"));
  CHECK(Clock::now() - start < 150ms);
  CHECK(ended == 0);
  context.run_for(400ms);
  CHECK(ended == 4);
}

TEST_CASE_FIXTURE(Fixture, "a lookup that takes too long is not begun twice, and its answer is used when it comes") {
  CHECK(Find("dead").error().code == ErrorCode::kAbsent);
  const auto start = Clock::now();
  CHECK_FALSE(Find("dead"));
  CHECK(Clock::now() - start < 100ms);  // and is not waited for again
  CHECK(server->asked == 1);
  Open();
  std::this_thread::sleep_for(50ms);
  context.restart();
  context.run_for(50ms);
  CHECK(Find("dead"));
}

TEST_CASE_FIXTURE(Fixture, "two who ask for one name are one lookup") {
  int found = 0;
  for (int i = 0; i < 2; ++i) {
    asio::co_spawn(
        context, resolver.Find("alive"),
        [&](std::exception_ptr, const Result<Resolver::Addresses>& addresses) { found += addresses ? 1 : 0; });
  }
  context.run_for(200ms);
  CHECK(found == 2);
  CHECK(server->asked == 1);
}

TEST_CASE_FIXTURE(Fixture, "a name that does not resolve now has its last good addresses") {
  REQUIRE(Find("alive"));
  server->is_failing = true;
  CHECK(Find("alive") == Address("192.0.2.1"));
  CHECK_FALSE(Find("alive", Resolver::Old::kNotGood));
  CHECK_FALSE(Find("never"));
}

TEST_CASE_FIXTURE(Fixture, "no more than eight lookups go on at once") {
  for (int i = 0; i < 20; ++i) CHECK_FALSE(Find("dead" + std::to_string(i % 10)));
  CHECK(server->asked == Resolver::kMostLookups);
}

TEST_CASE("the system knows localhost, and says why it does not know a name") {
  const auto found = Resolver::AskSystem("localhost");
  REQUIRE(found);
  CHECK(found->front().is_loopback());
  CHECK_FALSE(Resolver::AskSystem("no-such-host.invalid").error().message.empty());
}
