#include "mqtt/own_topics.h"

#include <doctest/doctest.h>

using namespace aims;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  OwnTopics topics;
  OwnTopics::Time now{1000s};

  Fixture() {
    topics.Add("link", 1s);
    topics.OnSaid("link", "online");
  }
  // How many contradictions are due within `time`, looked at when they want to be.
  size_t Pass(std::chrono::milliseconds time) {
    const auto end = now + time;
    size_t count = 0;
    while (topics.next() && *topics.next() <= end) {
      now = std::max(now, *topics.next());
      count += topics.Due(now).size();
    }
    now = end;
    return count;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "another one's word is contradicted a second later, once, and the first time is known") {
  topics.OnHeard("link", "offline", now);
  topics.OnHeard("link", "", now);
  CHECK(Pass(999ms) == 0);
  now += 1ms;
  const auto due = topics.Due(now);
  REQUIRE(due.size() == 1);
  CHECK(due[0].topic == "link");
  CHECK(due[0].heard.empty());  // the last that was heard
  CHECK(due[0].is_first);
  topics.OnSaid("link", "online");
  topics.OnHeard("link", "offline", now);
  now += 1s;
  REQUIRE(topics.Due(now).size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "our own words that come back are not contradicted, the older ones on their way neither") {
  topics.OnHeard("link", "online", now);
  topics.OnSaid("link", "offline");
  topics.OnSaid("link", "online");
  topics.OnHeard("link", "offline", now);
  topics.OnHeard("link", "online", now);
  CHECK(Pass(1min) == 0);
}

TEST_CASE_FIXTURE(Fixture, "what is said anew has the last word, until another one speaks again") {
  topics.OnHeard("link", "offline", now);
  topics.OnSaid("link", "online");
  CHECK(Pass(1min) == 0);
}

TEST_CASE_FIXTURE(Fixture, "a stranger that goes on is contradicted at the topic's pace") {
  topics.Add("state", 10s);
  size_t count = 0;
  for (int i = 0; i < 600; ++i) {
    topics.OnHeard("state", "{}", now);
    count += Pass(100ms);
  }
  CHECK(count >= 5);
  CHECK(count <= 7);
}

TEST_CASE_FIXTURE(Fixture, "after a disconnect nothing is due, and what is no topic of ours never is") {
  topics.OnHeard("link", "offline", now);
  topics.OnDisconnected();
  topics.OnHeard("other", "offline", now);
  CHECK_FALSE(topics.next());
  CHECK(Pass(1min) == 0);
}
