#include "homeassistant/announced.h"

#include <doctest/doctest.h>

using namespace aims;

namespace {

const Announced kOne{{"aims2mqtt", "homeassistant"}, "one"};
const Announced kTwo{{"aims2mqtt", "homeassistant"}, "two"};
const Announced kOneElsewhere{{"other", "homeassistant"}, "one"};

}  // namespace

TEST_CASE("what the options no longer hold is known, by name, base topic and prefix") {
  Ledger ledger;
  ledger.Add({kOne, kTwo});
  CHECK(ledger.Without({kTwo, kOne}).empty());
  CHECK(ledger.Without({kTwo}) == std::vector{kOne});
  CHECK(ledger.Without({kOneElsewhere, kTwo}) == std::vector{kOne});
  CHECK(ledger.Without({}) == std::vector{kOne, kTwo});
}

TEST_CASE("what was added twice is there once, and what was removed is gone") {
  Ledger ledger;
  ledger.Add({kOne, kOne, kTwo});
  ledger.Add({kOne});
  CHECK(ledger.all() == std::vector{kOne, kTwo});
  ledger.Remove({kOne, kOneElsewhere});
  CHECK(ledger.all() == std::vector{kTwo});
}

TEST_CASE("a ledger is bounded, and what it writes it reads") {
  Ledger ledger;
  for (size_t i = 0; i < Ledger::kMost + 10; ++i) ledger.Add({{kOne.topics, "id" + std::to_string(i)}});
  CHECK(ledger.all().size() == Ledger::kMost);
  CHECK(Ledger::FromJson(ledger.ToJson())->all() == ledger.all());
}

TEST_CASE("a ledger that is anything else in any part is refused whole") {
  Ledger ledger;
  ledger.Add({kOne, kOneElsewhere});
  const std::string good = ledger.ToJson();
  CHECK(Ledger::FromJson(good)->all() == ledger.all());
  for (size_t length = 0; length < good.size(); ++length) CHECK_FALSE(Ledger::FromJson(good.substr(0, length)));
  const auto with_id = [](const std::string& id) {
    return R"({"version":1,"announced":[{"base_topic":"a","discovery_prefix":"b","id":)" + id + "}]}";
  };
  CHECK(Ledger::FromJson(with_id("\"c\"")));
  for (const char* id : {"\"\"", "\"+\"", "\"#\"", "\"a/b\"", "1", "null", "\"a\\u0000\""}) {
    CAPTURE(id);
    CHECK_FALSE(Ledger::FromJson(with_id(id)));
  }
}

TEST_CASE("what is allowed may lack in a ledger, and be nothing but true or false") {
  const auto with = [](const std::string& more) {
    return Ledger::FromJson(R"({"version":1,"announced":[{"base_topic":"a","discovery_prefix":"b","id":"c")" + more +
                            "}]}");
  };
  CHECK(with("")->all().at(0).allowed == Allowed());
  CHECK(with(R"(,"control":true)")->all().at(0).allowed.control);
  CHECK_FALSE(with(R"(,"control":"true")"));
  CHECK_FALSE(with(R"(,"rehearsal":null)"));
}

TEST_CASE("what is allowed is remembered as it was announced, until that is replaced") {
  Ledger ledger;
  ledger.Add({kOne, kTwo});
  Announced now = kOne;
  now.allowed.control = true;
  CHECK(ledger.Without({now, kTwo}).empty());  // the same inverter
  ledger.Add({now});
  CHECK(ledger.all().size() == 2);
  CHECK(ledger.AllowedBefore(now) == Allowed());
  ledger.Replace({now, kOneElsewhere});
  CHECK(ledger.AllowedBefore(now).control);
  CHECK(ledger.all().size() == 2);
  CHECK(Ledger::FromJson(ledger.ToJson())->all() == ledger.all());
  CHECK(ledger.AllowedBefore(kOneElsewhere) == Allowed());  // never announced: nothing to take back
}
