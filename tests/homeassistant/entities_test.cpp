#include "homeassistant/entities.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

using namespace aims;

TEST_CASE("the entities have different keys, and different names among those of a kind") {
  std::set<std::string_view> keys;
  std::set<std::pair<std::string_view, std::string_view>> names;
  const Device all{"a", "A", "", {true, true, true}, {true, true}};
  for (const Entity& entity : kEntities) {
    keys.insert(entity.key);
    names.insert({Platform(entity, all), entity.name});
  }
  CHECK(keys.size() == kEntities.size());
  CHECK(names.size() == kEntities.size());
}

TEST_CASE("without a reading all that comes from the wire is unknown") {
  for (const Entity& entity : kEntities) {
    CAPTURE(entity.key);
    if (IsFromWire(entity)) CHECK(std::holds_alternative<std::monostate>(ValueOf(entity, {})));
    if (IsOneOf<OwnFlag>(entity.source)) CHECK(ValueOf(entity, {}) == Value(false));
    if (IsOneOf<OwnTotal>(entity.source)) CHECK(ValueOf(entity, {}) == Value(0.0));  // never null
  }
}

TEST_CASE("what was not measured is unknown, and what was measured as 0 is 0") {
  Snapshot snapshot{Reading{}, true};
  snapshot.reading->load = 0.0;
  for (const Entity& entity : kEntities) {
    if (entity.key == "load") CHECK(ValueOf(entity, snapshot) == Value(0.0));
    if (entity.key == "temperature") CHECK(ValueOf(entity, snapshot) == Value());
    if (entity.key == "utility_voltage") CHECK(ValueOf(entity, snapshot) == Value());
  }
}

TEST_CASE("what the owner has not allowed is no entity, and the beeper is a switch only where it is") {
  std::map<std::string_view, int> nothing_allowed;
  for (const Entity& entity : kEntities) ++nothing_allowed[Platform(entity, Device())];
  CHECK(nothing_allowed["sensor"] + nothing_allowed["binary_sensor"] == 24);
  CHECK(nothing_allowed["event"] == 1);
  CHECK(nothing_allowed["button"] == 0);
  CHECK(nothing_allowed["switch"] == 0);

  const auto with = [](const Permissions& permissions) {
    std::map<std::string_view, std::string_view> kinds;
    for (const Entity& entity : kEntities) kinds[entity.key] = Platform(entity, {"a", "A", "", permissions});
    return kinds;
  };
  CHECK(with({})["beeper"] == "binary_sensor");
  CHECK(with({.beeper = true})["beeper"] == "switch");
  CHECK(with({.beeper = true})["shutdown_restore"].empty());
  CHECK(with({.megatec = true})["beeper"] == "binary_sensor");
  for (const char* key :
       {"run_self_test", "self_test_until_low", "cancel_test", "shutdown_restore", "cancel_shutdown"}) {
    CHECK(with({.megatec = true})[key] == "button");
  }
  CHECK(with({.megatec = true})["rehearse"].empty());
  CHECK(with({.rehearsal = true})["rehearse"] == "button");
}

TEST_CASE("a button needs the link, but that of the rehearsal does not") {
  for (const Entity& entity : kEntities) {
    CAPTURE(entity.key);
    if (IsOneOf<Button>(entity.source)) CHECK(NeedsLink(entity, {}) == (entity.key != "rehearse"));
    if (IsFromWire(entity)) CHECK(NeedsLink(entity, {}));
  }
}

TEST_CASE("what the options do not describe is no entity") {
  const auto kinds = [](const Described& described) {
    std::set<std::string_view> keys;
    for (const Entity& entity : kEntities) {
      if (Platform(entity, {"a", "A", "", {}, described}) == "sensor") keys.insert(entity.key);
    }
    return keys;
  };
  const auto none = kinds({});
  const auto power = kinds({.power = true});
  const auto all = kinds({.power = true, .battery = true});
  for (const char* key : {"load_power", "energy_on_battery", "energy_total"}) {
    CHECK_FALSE(none.contains(key));
    CHECK(power.contains(key));
  }
  for (const char* key : {"battery_charge", "battery_runtime", "battery_health"}) {
    CHECK_FALSE(power.contains(key));
    CHECK(all.contains(key));
  }
}

TEST_CASE("of a rehearsal nothing is known when the play is over") {
  const Device stage = RehearsalOf({"a", "A", "", {true, true, true}, {true, true}});
  for (const Entity& entity : kEntities) CHECK(NeedsLink(entity, stage));
}
