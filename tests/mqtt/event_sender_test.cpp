#include "mqtt/event_sender.h"

#include <doctest/doctest.h>

#include <utility>

#include "tests/mqtt/recorder.h"

using namespace aims;
using namespace std::chrono_literals;

namespace {

const std::string kTopic = "aims2mqtt/one/event";

struct Fixture {
  Recorder recorder;
  Channel channel = recorder.Open();
  Moment now{EventSender::Time(1000s), WallTime(1h)};
  int changes = 0;
  int numbers = 0;
  EventSender sender = Make();

  EventSender Make(EventQueue queue = {}) {
    return {channel, Topics(), std::move(queue), [](const std::string& id) { return id == "one"; },
            [this] { ++changes; }};
  }
  void Happen() {
    sender.Enqueue({"one", EventType::kPowerLost, std::to_string(++numbers), now.wall, now.steady}, now);
  }
  // Lets time pass as a timer would: at each moment that the sender asks for.
  void Pass(std::chrono::milliseconds time) { Pass(sender, time); }
  void Pass(EventSender& of, std::chrono::milliseconds time) {
    const auto end = now.steady + time;
    int wakes = 0;
    while (const auto next = of.next()) {
      if (*next > end) break;
      REQUIRE(++wakes < 100);  // no busy waiting
      Go(std::max(*next, now.steady) - now.steady);
      of.Tick(now);
    }
    Go(end - now.steady);
  }
  void Go(EventSender::Time::duration time) {
    now.steady += time;
    now.wall += std::chrono::floor<std::chrono::milliseconds>(time);
  }
  void Acknowledge() { sender.OnAcknowledged(recorder.tokens, now); }
  size_t sent() const { return recorder.Count(kTopic); }
  std::string last() const { return recorder.Last(kTopic).payload; }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an event waits for a connection, and for ten seconds in which whoever listens comes back") {
  Happen();
  Pass(1h);
  CHECK(sent() == 0);
  sender.OnConnected(now);
  Pass(9999ms);
  CHECK(sent() == 0);
  Pass(1ms);
  CHECK(sent() == 1);
  CHECK(sender.audience() == Audience::kAssumed);
  CHECK(recorder.Last(kTopic).retain == Retain::kNo);
}

// Bug: the birth message came 9.3 s after the connect. The event left at 10.0 s, before the entities had their second
// to subscribe, and was lost where the connection then broke.
TEST_CASE_FIXTURE(Fixture, "a birth message shortly before the ten seconds are over holds the events back") {
  sender.OnConnected(now);
  Happen();
  Pass(9300ms);
  sender.OnBirth(now);
  Pass(2s);
  CHECK(sent() == 0);
  sender.OnAnnounced(now);
  Pass(999ms);
  CHECK(sent() == 0);
  Pass(1ms);
  CHECK(sent() == 1);
  CHECK(sender.audience() == Audience::kPresent);
}

TEST_CASE_FIXTURE(Fixture, "events go one at a time, in their order, a tenth of a second apart") {
  sender.OnConnected(now);
  Pass(10s);
  for (int i = 0; i < 3; ++i) Happen();
  CHECK(sent() == 1);
  Pass(1h);
  CHECK(sent() == 1);  // without its acknowledgement there is no next one
  Acknowledge();
  Pass(99ms);
  CHECK(sent() == 1);
  Pass(1ms);
  CHECK(sent() == 2);
  CHECK(last().find(R"("id":"2")") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "while Home Assistant is away nothing is sent, and after its return everything") {
  sender.OnConnected(now);
  Pass(10s);
  sender.OnAway(now);
  Happen();
  Pass(179s);
  CHECK(sent() == 0);
  sender.OnBirth(now);
  sender.OnAnnounced(now);
  Pass(1s);
  CHECK(sent() == 1);
}

// Bug: a second Home Assistant on the broker was stopped, and the first one heard of no outage any more.
TEST_CASE_FIXTURE(Fixture,
                  "after three minutes without a birth message events are sent all the same, and kept for it") {
  sender.OnConnected(now);
  Pass(61s);
  sender.OnAway(now);
  Pass(2min);
  sender.OnAway(now);  // once more begins no new three minutes
  Happen();
  Pass(59s);
  CHECK(sent() == 0);
  Pass(1s);
  CHECK(sent() == 1);
  CHECK(sender.audience() == Audience::kOverdue);
  Acknowledge();
  Pass(1h);
  CHECK(sent() == 1);

  // The program is started again meanwhile.
  EventSender again = Make(*EventQueue::FromJson(sender.queue().ToJson()));
  again.OnConnected(now);
  Pass(again, 1h);
  CHECK(sent() == 1);
  for (int i = 0; i < 2; ++i) {  // the second birth has nothing left to tell
    again.OnBirth(now);
    again.OnAnnounced(now);
    Pass(again, 1s);
    CHECK(sent() == 2);
    CHECK(last().find(R"("id":"1")") != std::string::npos);
    again.OnAcknowledged(recorder.tokens, now);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "an event that the broker denies waits, is tried again later, and holds up no other inverter's") {
  sender.OnConnected(now);
  Pass(10s);
  Happen();
  sender.Enqueue({"two", EventType::kPowerLost, "x", now.wall, now.steady}, now);
  sender.OnDenied(recorder.tokens, now);
  CHECK(recorder.Count("aims2mqtt/two/event") == 1);
  Acknowledge();
  CHECK(sender.queue().size() == 1);
  Pass(58s);
  CHECK(sent() == 1);
  Pass(3s);
  CHECK(sent() == 2);
  sender.OnDenied(recorder.tokens, now);
  sender.OnDisconnected();
  sender.OnConnected(now);
  Pass(10s);
  CHECK(sent() == 3);  // another connection may have other rights
}

TEST_CASE_FIXTURE(Fixture, "Home Assistant that goes away while it returns is away") {
  sender.OnConnected(now);
  sender.OnBirth(now);
  sender.OnAnnounced(now);
  sender.OnAway(now);
  Happen();
  Pass(2min);
  CHECK(sent() == 0);
  CHECK(sender.audience() == Audience::kAway);
}

TEST_CASE_FIXTURE(Fixture, "what was told before the birth message in the first minute is told again, with its id") {
  sender.OnConnected(now);
  Pass(10s);
  Happen();
  Acknowledge();
  CHECK(sent() == 1);
  Pass(20s);
  sender.OnBirth(now);
  sender.OnAnnounced(now);
  Pass(1s);
  CHECK(sent() == 2);
  CHECK(last().find(R"("id":"1")") != std::string::npos);
  Acknowledge();
  Pass(1h);
  CHECK(sent() == 2);
}

TEST_CASE_FIXTURE(Fixture, "what was told later than a minute after the connect is not told again") {
  sender.OnConnected(now);
  Pass(61s);
  Happen();
  Acknowledge();
  sender.OnBirth(now);
  sender.OnAnnounced(now);
  Pass(1h);
  CHECK(sent() == 1);
}

// The acknowledgement is the broker's; Home Assistant's entities were not there.
TEST_CASE_FIXTURE(Fixture, "an event on its way while the birth message comes is sent again") {
  sender.OnConnected(now);
  Pass(10s);
  Happen();
  sender.OnBirth(now);
  Acknowledge();
  sender.OnAnnounced(now);
  Pass(1s);
  CHECK(sent() == 2);
  CHECK(last().find(R"("id":"1")") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a broken connection sends the event again on the next one") {
  sender.OnConnected(now);
  Pass(10s);
  Happen();
  sender.OnDisconnected();
  Acknowledge();  // too late: it means nothing any more
  Pass(1h);
  sender.OnConnected(now);
  Pass(10s);
  CHECK(sent() == 2);
  CHECK(last().find(R"("late":true)") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "with no room for a message it is tried again a second later, and not in between") {
  sender.OnConnected(now);
  Pass(10s);
  recorder.has_room = false;
  Happen();
  Pass(30s);
  recorder.has_room = true;
  Pass(1s);
  CHECK(sent() == 1);
}

TEST_CASE_FIXTURE(Fixture, "what waits outlives a restart, but for inverters that the options no longer hold") {
  Happen();
  sender.Enqueue({"two", EventType::kPowerLost, "x", now.wall, now.steady}, now);
  CHECK(changes == 2);
  EventSender again = Make(*EventQueue::FromJson(sender.queue().ToJson()));
  again.OnConnected(now);
  now.steady += 10s;
  again.Tick(now);
  CHECK(sent() == 1);
  again.OnAcknowledged(recorder.tokens, now);
  now.steady += 1s;
  again.Tick(now);
  CHECK(recorder.published.size() == 1);
  CHECK_FALSE(again.next());
}
