#include "inverter/wire_record.h"

#include <doctest/doctest.h>

#include "tests/megatec/frames.h"

using namespace aims;
using namespace std::chrono_literals;

TEST_CASE("what came over the wire is counted by what became of it") {
  WireRecord record;
  record.OnReply(frames::kMains, "", WallTime(1s));
  record.OnReply("x", "it is no Q1 reply", WallTime(2s));
  record.OnMiss(Miss::kNoAnswer);
  record.OnMiss(Miss::kLinkLost);
  CHECK(record.polls() == 4);
  CHECK(record.misses(Miss::kNoAnswer) == 1);
  CHECK(record.misses(Miss::kBadReply) == 1);
  CHECK(record.misses(Miss::kLinkLost) == 1);
}

TEST_CASE("the newest 50 replies are kept in their order, and bad ones for longer") {
  WireRecord record;
  record.OnReply("bad", "it is no Q1 reply", WallTime(0s));
  for (int i = 1; i <= 120; ++i) record.OnReply(std::to_string(i), "", WallTime(std::chrono::seconds(i)));
  const auto replies = record.replies();
  REQUIRE(replies.size() == 50);
  CHECK(replies.front()->bytes == "71");
  CHECK(replies.back()->bytes == "120");
  CHECK(replies.back()->time == WallTime(120s));
  REQUIRE(record.bad_replies().size() == 1);
  CHECK(record.bad_replies()[0]->fault == "it is no Q1 reply");
}
