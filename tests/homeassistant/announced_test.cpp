#include "homeassistant/announced.h"

#include <doctest/doctest.h>

using namespace aims;

namespace {

const AnnouncedDevice kOne{{"aims2mqtt", "homeassistant"}, "one"};
const AnnouncedDevice kTwo{{"aims2mqtt", "homeassistant"}, "two"};
const AnnouncedDevice kOneElsewhere{{"other", "homeassistant"}, "one"};

}  // namespace

TEST_CASE("what the options no longer hold is known, by name, base topic and prefix") {
  AnnouncedDevices devices;
  devices.Add({kOne, kTwo});
  CHECK(devices.Without({kTwo, kOne}).empty());
  CHECK(devices.Without({kTwo}) == std::vector{kOne});
  CHECK(devices.Without({kOneElsewhere, kTwo}) == std::vector{kOne});
  CHECK(devices.Without({}) == std::vector{kOne, kTwo});
}

TEST_CASE("what was added twice is there once, and what was removed is gone") {
  AnnouncedDevices devices;
  devices.Add({kOne, kOne, kTwo});
  devices.Add({kOne});
  CHECK(devices.all() == std::vector{kOne, kTwo});
  devices.Remove({kOne, kOneElsewhere});
  CHECK(devices.all() == std::vector{kTwo});
}

TEST_CASE("a list is bounded, and what it writes it reads") {
  AnnouncedDevices devices;
  for (size_t i = 0; i < AnnouncedDevices::kMost + 10; ++i) devices.Add({{kOne.topics, "id" + std::to_string(i)}});
  CHECK(devices.all().size() == AnnouncedDevices::kMost);
  CHECK(AnnouncedDevices::FromJson(devices.ToJson())->all() == devices.all());
}

TEST_CASE("a list that is anything else in any part is refused whole") {
  AnnouncedDevices devices;
  devices.Add({kOne, kOneElsewhere});
  const std::string good = devices.ToJson();
  CHECK(AnnouncedDevices::FromJson(good)->all() == devices.all());
  for (size_t length = 0; length < good.size(); ++length)
    CHECK_FALSE(AnnouncedDevices::FromJson(good.substr(0, length)));
  const auto with_id = [](const std::string& id) {
    return R"({"version":1,"announced":[{"base_topic":"a","discovery_prefix":"b","id":)" + id + "}]}";
  };
  CHECK(AnnouncedDevices::FromJson(with_id("\"c\"")));
  for (const char* id : {"\"\"", "\"+\"", "\"#\"", "\"a/b\"", "1", "null", "\"a\\u0000\""}) {
    CAPTURE(id);
    CHECK_FALSE(AnnouncedDevices::FromJson(with_id(id)));
  }
}

TEST_CASE("what is allowed may lack in a list, and be nothing but true or false") {
  const auto with = [](const std::string& more) {
    return AnnouncedDevices::FromJson(R"({"version":1,"announced":[{"base_topic":"a","discovery_prefix":"b","id":"c")" +
                                      more + "}]}");
  };
  CHECK(with("")->all().at(0).permissions == Permissions());
  CHECK(with(R"(,"beeper":true)")->all().at(0).permissions.beeper);
  CHECK(with("")->all().at(0).described == Described{true, true});
  CHECK_FALSE(with(R"(,"battery":false)")->all().at(0).described.battery);
  CHECK_FALSE(with(R"(,"beeper":"true")"));
  CHECK_FALSE(with(R"(,"rehearsal":null)"));
}

TEST_CASE("what decides on the entities is remembered as it was announced, until that is replaced") {
  AnnouncedDevices devices;
  devices.Add({kOne, kTwo});
  AnnouncedDevice now = kOne;
  now.permissions.beeper = true;
  now.described.power = true;
  now.has_nut = true;
  CHECK(devices.Without({now, kTwo}).empty());  // the same inverter
  devices.Add({now});
  CHECK(devices.all().size() == 2);
  CHECK(devices.Before(now) == kOne);
  devices.Replace({now, kOneElsewhere});
  CHECK(devices.Before(now) == now);
  CHECK(devices.all().size() == 2);
  CHECK(AnnouncedDevices::FromJson(devices.ToJson())->all() == devices.all());
  CHECK(devices.Before(kOneElsewhere) == kOneElsewhere);  // never announced: nothing to take back
}
