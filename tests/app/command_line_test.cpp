#include "app/command_line.h"

#include <doctest/doctest.h>

#include <vector>

using namespace aims;

namespace {

auto Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "aims-inverter-mqtt");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

}  // namespace

TEST_CASE("without a word it is what the Supervisor's container wants") {
  const auto line = Parse({});
  REQUIRE(line);
  CHECK(line->options == "/data/options.json");
  CHECK(line->data == "/data");
  CHECK_FALSE(line->log_level);
  CHECK_FALSE(line->probe);
  CHECK_FALSE(line->healthcheck);
}

TEST_CASE("each word is read") {
  const auto line = Parse({"--options", "o.json", "--data", "d", "--log-level", "debug", "--healthcheck"});
  REQUIRE(line);
  CHECK(line->options == "o.json");
  CHECK(line->data == "d");
  CHECK(line->log_level == LogLevel::kDebug);
  CHECK(line->healthcheck);
}

TEST_CASE("--probe takes an address, and a speed that a line can have") {
  const auto line = Parse({"--probe", "tcp://[::1]:4000", "--baud", "9600"});
  REQUIRE(line);
  CHECK(ToString(*line->probe) == "tcp://[::1]:4000");
  CHECK(line->baud_rate == 9600);
  CHECK(Parse({"--probe", "ftp://x"}).error() == 2);
  CHECK(Parse({"--probe", "/dev/ttyS0", "--baud", "300"}).error() == 2);
  CHECK(Parse({"--baud", "9600"}).error() == 2);  // of what?
}

TEST_CASE("--check takes a file, or that of --options") {
  CHECK_FALSE(Parse({})->check);
  CHECK(Parse({"--check"})->check == "/data/options.json");
  CHECK(Parse({"--check", "o.json"})->check == "o.json");
  CHECK(Parse({"--options", "p.json", "--check"})->check == "p.json");
  CHECK(Parse({"--check", "o.json", "p.json"}).error() == 2);
}

TEST_CASE("a wrong word is exit code 2, and help is 0") {
  CHECK(Parse({"--no-such"}).error() == 2);
  CHECK(Parse({"--log-level", "loud"}).error() == 2);
  CHECK(Parse({"--options"}).error() == 2);
  CHECK(Parse({"stray"}).error() == 2);
  CHECK(Parse({"--help"}).error() == 0);
  CHECK(Parse({"--version"}).error() == 0);
}
