#include "entities.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace aims;

TEST_CASE("the thirty-one entities have different keys and names") {
  std::set<std::string_view> keys;
  std::set<std::string_view> names;
  for (const Entity& entity : kEntities) {
    keys.insert(entity.key);
    names.insert(entity.name);
  }
  CHECK(kEntities.size() == 31);
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
    if (entity.key == "utility_voltage") CHECK(ValueOf(entity, snapshot) == Value(0.0));
  }
}
