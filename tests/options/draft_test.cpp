#include "options/draft.h"

#include <doctest/doctest.h>

#include "options/options.h"

using namespace aims;

TEST_CASE("what is asked first makes options that are right") {
  Draft draft;
  CHECK(ParseOptions(draft.ToJson()).findings.mistakes.empty());
  CHECK(draft.Set("/inverters/0/name", "Cellar").empty());
  CHECK(draft.Set("/mqtt/host", "broker.local").empty());
  CHECK(draft.Set("/batteries/0/capacity", "200").empty());
  CHECK(draft.Set("/batteries/0/nominal_voltage", "12").empty());
  CHECK(draft.ToJson() == R"({
  "inverters": [
    {
      "name": "Cellar"
    }
  ],
  "mqtt": {
    "host": "broker.local"
  },
  "batteries": [
    {
      "capacity": 200,
      "nominal_voltage": 12
    }
  ]
}
)");
}

TEST_CASE("an answer that is not accepted changes nothing, and is told as --check tells it") {
  Draft draft;
  const std::string before = draft.ToJson();
  for (const auto& [place, answer] : {std::pair{"/batteries/0/capacity", "two hundred"},
                                      {"/batteries/0/capacity", "-3"},
                                      {"/inverters/0/name", "***"},
                                      {"/inverters/0/device", "ttyUSB0"},
                                      {"/inverters/0/address", "udp://x"},
                                      {"/mqtt/port", "70000"},
                                      {"/mqtt/host", "mqtt://broker"}}) {
    const auto mistakes = draft.Set(place, answer);
    REQUIRE(mistakes.size() == 1);
    CHECK(mistakes[0].find(" it takes ") != std::string::npos);
    CHECK(draft.ToJson() == before);
  }
}

TEST_CASE("a password that looks like a number stays a text, with every sign") {
  Draft draft;
  CHECK(draft.Set("/mqtt/host", "127.0.0.1").empty());
  CHECK(draft.Set("/mqtt/username", "true").empty());
  CHECK(draft.Set("/mqtt/password", "0123").empty());
  CHECK(draft.ToJson().find(R"("password": "0123")") != std::string::npos);
  CHECK(draft.Set("/mqtt/password", R"(a"b\c)").empty());
  CHECK(ParseOptions(draft.ToJson()).options.mqtt.broker.password == R"(a"b\c)");
}

TEST_CASE("bytes that are no UTF-8 are a mistake") {
  Draft draft;
  CHECK_FALSE(draft.Set("/inverters/0/name", "caf\xe9").empty());
}

TEST_CASE("what was answered can be taken back") {
  Draft draft;
  const std::string before = draft.ToJson();
  CHECK(draft.Set("/inverters/0/device", "/dev/ttyUSB0").empty());
  draft.Remove("/inverters/0/device");
  CHECK(draft.ToJson() == before);
}
