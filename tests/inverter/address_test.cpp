#include "inverter/address.h"

#include <doctest/doctest.h>

#include <string>

using namespace aims;

TEST_CASE("the three forms of an address are read, and written as they were") {
  for (const std::string text : {"/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", "/dev/ttyAMA0", "simulator://",
                                 "tcp://192.168.1.20:4000", "tcp://bridge.local:1", "tcp://[fe80::1]:65535"}) {
    CAPTURE(text);
    const auto address = ParseAddress(text);
    REQUIRE(address);
    CHECK(ToString(*address) == text);
  }
}

TEST_CASE("the brackets of an IPv6 address are not part of it") {
  CHECK(std::get<TcpBridge>(*ParseAddress("tcp://[::1]:4000")).host == "::1");
}

TEST_CASE("what is no address is refused") {
  for (const std::string text :
       {"", "udp://a:1", "tcp://", "tcp://host", "tcp://host:", "tcp://host:0", "tcp://host:65536", "tcp://host:4000x",
        "tcp://:4000", "tcp://::1:4000", "tcp://ho st:1", "tcp://user@host:1", "tcp://[]:1", "simulator://x", "ttyUSB0",
        "TCP://host:1", "http://host:1"}) {
    CAPTURE(text);
    const auto address = ParseAddress(text);
    REQUIRE_FALSE(address);
    CHECK(address.error().code == ErrorCode::kBadOption);
    CHECK_FALSE(address.error().message.empty());
  }
  CHECK_FALSE(ParseAddress(std::string("/dev/tty\0x", 10)));
}
