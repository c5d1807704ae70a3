#include "page/http.h"

#include <doctest/doctest.h>

using namespace aims::page;

TEST_CASE("a target is a path and a query") {
  const auto target = ParseTarget("/api/history?inverter=aims_inverter&range=24h");
  REQUIRE(target);
  CHECK(target->path == "/api/history");
  CHECK(target->query == std::map<std::string, std::string>{{"inverter", "aims_inverter"}, {"range", "24h"}});
}

TEST_CASE("what is encoded is decoded, once") {
  const auto target = ParseTarget("/a%20b%2541?x=1+2&y=%26%3D&z&=&&x=3#y");
  REQUIRE(target);
  CHECK(target->path == "/a b%41");
  CHECK(target->query == std::map<std::string, std::string>{{"", ""}, {"x", "3"}, {"y", "&="}, {"z", ""}});
}

TEST_CASE("a target that is no path, or wrongly encoded, is none") {
  for (const char* target : {"", "*", "http://x/", "api/live", "/%", "/%4", "/%zz", "/?x=%1", "/?%=1"}) {
    CAPTURE(target);
    CHECK_FALSE(ParseTarget(target));
  }
}

TEST_CASE("addresses, localhost and this machine's names are this machine") {
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:8099", "192.168.1.20:80", "[::1]", "[fe80::1]:8099", "localhost:8099", "LocalHost",
        "pi", "PI:8099", "pi.", "pi.local", "pi.lan:8099", "pi.home.arpa", "pi.internal", "pi.example.com"}) {
    CAPTURE(host);
    CHECK(IsThisMachine(host, "pi.example.com"));
  }
}

TEST_CASE("any other name may be another site's, and is not this machine") {
  for (const char* host : {"",
                           "evil.example",
                           "pi.evil.example",
                           "xpi",
                           "pix",
                           "pi.local.evil.example",
                           "pi.com",
                           "127.0.0.1.evil.example",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.4444",
                           "[evil]",
                           "[::1",
                           "[::1]evil",
                           "[]",
                           "localhost.evil.example",
                           "pi:80:80",
                           "pi:evil",
                           "pi:123456",
                           "127.0.0.1@evil.example",
                           ".local"}) {
    CAPTURE(host);
    CHECK_FALSE(IsThisMachine(host, "pi.example.com"));
  }
  CHECK_FALSE(IsThisMachine(".local", ""));
}
