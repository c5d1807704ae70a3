#include "megatec/requests.h"

#include <doctest/doctest.h>

namespace aims::megatec {
namespace {

using namespace std::chrono_literals;

TEST_CASE("requests are Megatec's") {
  const ShutdownDelays delays;
  CHECK(RequestFor(Command::kBeeperOn, delays) == "Q\r");
  CHECK(RequestFor(Command::kBeeperOff, delays) == "Q\r");
  CHECK(RequestFor(Command::kSelfTest, delays) == "T\r");
  CHECK(RequestFor(Command::kSelfTestUntilLow, delays) == "TL\r");
  CHECK(RequestFor(Command::kCancelTest, delays) == "CT\r");
  CHECK(RequestFor(Command::kShutdownRestore, delays) == "S01R0003\r");
  CHECK(RequestFor(Command::kCancelShutdown, delays) == "C\r");
  CHECK(RequestFor(Command::kRehearse, delays).empty());
}

TEST_CASE("delays are rounded up to what the protocol can say, never down") {
  const auto request = [](std::chrono::seconds off, std::chrono::seconds back) {
    return RequestFor(Command::kShutdownRestore, {off, back});
  };
  CHECK(request(12s, 180s) == "S.2R0003\r");
  CHECK(request(13s, 181s) == "S.3R0004\r");
  CHECK(request(54s, 1h) == "S.9R0060\r");
  CHECK(request(55s, 1h) == "S01R0060\r");
  CHECK(request(61s, 1h) == "S02R0060\r");
  CHECK(request(600s, 9999min) == "S10R9999\r");
  CHECK(request(0s, 0s) == "S.2R0003\r");
  CHECK(request(24h, 10000h) == "S10R9999\r");
}

TEST_CASE("an echo and a NAK are refusals; silence, ACK and a late status are none") {
  CHECK(IsRefusal("T\r", "T\r"));
  CHECK(IsRefusal("NAK\r", "T\r"));
  CHECK(IsRefusal("(NAK\r", "T\r"));
  CHECK(IsRefusal("N\r", "T\r"));
  CHECK(IsRefusal("UPS No Ack\r", "T\r"));
  CHECK_FALSE(IsRefusal("", "T\r"));
  CHECK_FALSE(IsRefusal("ACK\r", "T\r"));
  CHECK_FALSE(IsRefusal("(ACK\r", "T\r"));
  CHECK_FALSE(IsRefusal("(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r", "T\r"));
}

}  // namespace
}  // namespace aims::megatec
