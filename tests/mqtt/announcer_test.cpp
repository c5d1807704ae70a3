#include "mqtt/announcer.h"

#include <doctest/doctest.h>

#include "tests/mqtt/recorder.h"

using namespace aims;

namespace {

const Device kOne{"one", "One", ""};
const Device kTwo{"two", "Two", ""};
const std::string kConfigOfOne = "homeassistant/device/aims2mqtt_one/config";
const std::string kConfigOfTwo = "homeassistant/device/aims2mqtt_two/config";

struct Fixture {
  AnnouncedDevices kept;
  Recorder recorder;
  Channel channel = recorder.Open();

  Announcer Make(std::vector<Device> devices, const Topics& topics = {}) {
    return {channel, topics, std::move(devices), kept, {"1.2.3"}, [] {}};
  }
  // A run in which everything is acknowledged, saved or not.
  void Run(std::vector<Device> devices, const Topics& topics = {}) {
    recorder.published.clear();
    Announcer announcer = Make(std::move(devices), topics);
    announcer.Announce();
    for (int token = 1; token <= recorder.tokens; ++token) announcer.OnAcknowledged(token);
    kept = announcer.announced();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "each device is announced, retained") {
  Run({kOne, kTwo});
  CHECK(recorder.Topics() == std::vector{kConfigOfOne, kConfigOfTwo});
  CHECK(recorder.Last(kConfigOfOne).retain == Retain::kYes);
}

TEST_CASE_FIXTURE(Fixture, "an inverter that the options no longer hold is cleared, once") {
  Run({kOne, kTwo});
  Run({kOne});
  CHECK(recorder.Last(kConfigOfTwo).payload.empty());
  CHECK(recorder.Last("aims2mqtt/two/state").payload.empty());
  CHECK(recorder.Last("aims2mqtt/two/link").payload.empty());
  CHECK(recorder.Count("aims2mqtt/bridge") == 0);  // which is in use
  Run({kOne});
  CHECK(recorder.Topics() == std::vector{kConfigOfOne});
}

TEST_CASE_FIXTURE(Fixture, "what the broker did not acknowledge is cleared again by the next run") {
  Run({kOne, kTwo});
  {
    Announcer announcer = Make({kOne});
    announcer.Announce();
    announcer.OnDisconnected();
    for (int token = 1; token <= recorder.tokens; ++token) announcer.OnAcknowledged(token);
    kept = announcer.announced();
  }
  Run({kOne});
  CHECK(recorder.Count(kConfigOfTwo) == 1);
}

TEST_CASE_FIXTURE(Fixture, "of forty orphans eight are cleared at a time, and in the end all") {
  std::vector<Device> many;
  for (int i = 0; i < 40; ++i) many.push_back({"id" + std::to_string(i), "x", ""});
  Run(many);
  recorder = Recorder();
  Announcer announcer = Make({kOne});
  announcer.Announce();
  CHECK(recorder.published.size() == 8 * 3 + 1);
  for (int token = 1; token <= recorder.tokens; ++token) announcer.OnAcknowledged(token);
  CHECK(recorder.published.size() == 40 * 3 + 1);
}

TEST_CASE_FIXTURE(Fixture, "under another base topic the old one is cleared, its bridge too") {
  Run({kOne});
  Run({kOne}, {"ups", "homeassistant"});
  CHECK(recorder.Last("aims2mqtt/bridge").payload.empty());
  CHECK(recorder.Last(kConfigOfOne).payload.empty());
  CHECK_FALSE(recorder.Last("homeassistant/device/ups_one/config").payload.empty());
}

TEST_CASE_FIXTURE(
    Fixture,
    "when another inverter is the first, the old bridge topic is cleared, after the devices have the new one") {
  Run({kOne, kTwo}, {.first = "one"});
  recorder.published.clear();
  Announcer announcer = Make({kTwo, kOne}, {.first = "two"});
  announcer.Announce();
  CHECK(recorder.Topics() == std::vector<std::string>{kConfigOfTwo, kConfigOfOne, "aims2mqtt/one/bridge"});
  CHECK(recorder.published.back().payload.empty());
  announcer.OnDisconnected();
  recorder.published.clear();
  announcer.Announce();  // not acknowledged yet
  CHECK(recorder.Count("aims2mqtt/one/bridge") == 1);
  announcer.OnAcknowledged(recorder.tokens);
  announcer.Announce();
  CHECK(recorder.Count("aims2mqtt/one/bridge") == 1);
}

TEST_CASE_FIXTURE(Fixture, "entities that are no longer allowed are taken back first, until the broker has heard it") {
  Device device = kOne;
  device.permissions.beeper = true;
  Run({device});
  {
    Announcer announcer = Make({kOne});
    announcer.Announce();
    kept = announcer.announced();  // the broker said nothing
  }
  Run({kOne});
  REQUIRE(recorder.published.size() == 2);
  CHECK(recorder.published[0].payload.find(R"("beeper":{"p":"switch"})") != std::string::npos);
  CHECK(recorder.published[1].payload.find("binary_sensor") != std::string::npos);
  Run({kOne});
  CHECK(recorder.published.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "entities that the options no longer describe are taken back first") {
  Device device = kOne;
  device.described = {true, true};
  Run({device});
  Run({kOne});
  REQUIRE(recorder.published.size() == 2);
  CHECK(recorder.published[0].payload.find(R"("battery_charge":{"p":"sensor"})") != std::string::npos);
  CHECK(recorder.published[1].payload.find("battery_charge\":") == std::string::npos);
  Run({kOne});
  CHECK(recorder.published.size() == 1);
}
