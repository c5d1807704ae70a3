#include "mqtt/event_queue.h"

#include <doctest/doctest.h>

#include <string>

using namespace aims;

namespace {

PowerEvent Numbered(int number, EventType type = EventType::kPowerLost) {
  return {"aims_inverter", type, std::to_string(number), *ParseTime("2026-11-22T21:04:00.000+00:00")};
}

}  // namespace

TEST_CASE("events wait in their order until each was told") {
  Outbox outbox;
  for (int i = 1; i <= 3; ++i) CHECK(outbox.Add(Numbered(i)));
  CHECK(outbox.oldest() == Numbered(1));
  outbox.Told("2");  // an acknowledgement may be of one that is not the oldest
  outbox.Told("1");
  outbox.Told("no such");
  CHECK(outbox.size() == 1);
  CHECK(outbox.oldest() == Numbered(3));
}

TEST_CASE("when there are too many, the oldest is forgotten") {
  Outbox outbox;
  for (size_t i = 0; i < Outbox::kMost; ++i) CHECK(outbox.Add(Numbered(static_cast<int>(i))));
  CHECK_FALSE(outbox.Add(Numbered(1000)));
  CHECK(outbox.size() == Outbox::kMost);
  CHECK(outbox.oldest() == Numbered(1));
  CHECK(Outbox::FromJson(outbox.ToJson())->size() == Outbox::kMost);
}

TEST_CASE("what is written is read back, event by event") {
  Outbox outbox;
  CHECK(Outbox::FromJson(outbox.ToJson())->empty());
  for (size_t i = 0; i < kEventTypes.size(); ++i) outbox.Add(Numbered(static_cast<int>(i), static_cast<EventType>(i)));
  auto again = *Outbox::FromJson(outbox.ToJson());
  CHECK(again.ToJson() == outbox.ToJson());
  while (!outbox.empty()) {
    CHECK(again.oldest() == outbox.oldest());
    again.Told(again.oldest().id);
    outbox.Told(outbox.oldest().id);
  }
  CHECK(again.empty());
}

TEST_CASE("a file that is anything else in any part is refused whole") {
  Outbox outbox;
  outbox.Add(Numbered(1));
  const std::string good = outbox.ToJson();
  REQUIRE(Outbox::FromJson(good));
  for (size_t length = 0; length < good.size(); ++length) CHECK_FALSE(Outbox::FromJson(good.substr(0, length)));
  const auto with = [&](const std::string& part, const std::string& other) {
    std::string text = good;
    return text.replace(text.find(part), part.size(), other);
  };
  CHECK_FALSE(Outbox::FromJson(with("power_lost", "power_found")));
  CHECK_FALSE(Outbox::FromJson(with("\"version\":1", "\"version\":2")));
  CHECK_FALSE(Outbox::FromJson(with("\"id\":\"1\"", "\"id\":1")));
  for (const char* inverter : {"+", "#", "a/b", ""}) CHECK_FALSE(Outbox::FromJson(with("aims_inverter", inverter)));
  CHECK_FALSE(Outbox::FromJson(with("2026-11-22T", "2026-13-22T")));
  CHECK_FALSE(Outbox::FromJson(with("\"inverter\"", "\"converter\"")));
  CHECK_FALSE(Outbox::FromJson(with("{\"inverter\"", "[],{\"inverter\"")));
  CHECK_FALSE(Outbox::FromJson(with("aims_inverter", "aims\xff_inverter")));
  CHECK_FALSE(Outbox::FromJson(with("aims_inverter", "aims\\udc90")));  // half a surrogate: it could not be read again
  CHECK_FALSE(Outbox::FromJson(std::string(100'000, '[')));
  CHECK_FALSE(Outbox::FromJson("null"));
}

TEST_CASE("what may not have been heard goes first again, and strangers' events go") {
  Outbox outbox;
  outbox.Add(Numbered(3));
  outbox.PutBack({Numbered(1), Numbered(2)});
  CHECK(outbox.size() == 3);
  CHECK(outbox.oldest() == Numbered(1));
  CHECK(outbox.KeepOnly([](const PowerEvent& event) { return event.id != "2"; }) == 1);
  outbox.Told("1");
  CHECK(outbox.oldest() == Numbered(3));
  outbox.PutBack(std::vector<PowerEvent>(Outbox::kMost + 5, Numbered(9)));
  CHECK(outbox.size() == Outbox::kMost);
}

TEST_CASE("the voltage of a failure that nobody saw is kept, and nothing else in its place") {
  Outbox outbox;
  PowerEvent event = Numbered(1);
  event.fault_voltage = 81.5;
  outbox.Add(event);
  const std::string text = outbox.ToJson();
  CHECK(Outbox::FromJson(text)->oldest() == event);
  std::string wrong = text;
  wrong.replace(wrong.find("81.5"), 4, "null");
  CHECK_FALSE(Outbox::FromJson(wrong));
}
