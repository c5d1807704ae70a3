#include "app/health.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <thread>

#include "tests/io/temporary.h"

using namespace aims;
using namespace std::chrono_literals;

TEST_CASE("a loop that runs is healthy, one that is not there or stands still is not") {
  TemporaryDirectory directory;
  CHECK_FALSE(IsHealthy(directory.path()));

  asio::io_context context;
  asio::co_spawn(context, ServeHealth(context.get_executor(), directory.path()), asio::detached);
  context.run_for(50ms);  // it listens, and then the loop stands still
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(IsHealthy(directory.path()));
  CHECK(std::chrono::steady_clock::now() - start < 2500ms);

  context.restart();
  std::thread loop([&] { context.run(); });
  CHECK(IsHealthy(directory.path()));
  CHECK(IsHealthy(directory.path()));
  CHECK_FALSE(IsHealthy(directory.path() + "x"));
  context.stop();
  loop.join();
}

TEST_CASE("a path of any length names one loop") {
  asio::io_context context;
  const std::string path = "/" + std::string(5000, 'x');
  asio::co_spawn(context, ServeHealth(context.get_executor(), path), asio::detached);
  std::thread loop([&] { context.run(); });
  for (int i = 0; i < 100 && !IsHealthy(path); ++i) std::this_thread::sleep_for(10ms);
  CHECK(IsHealthy(path));
  context.stop();
  loop.join();
}
