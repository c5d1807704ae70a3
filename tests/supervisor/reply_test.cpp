#include "supervisor/reply.h"

#include <doctest/doctest.h>

#include <string>

using namespace aims;

namespace {

// As Supervisor 2026.08 answers, from https://developers.home-assistant.io/docs/api/supervisor/endpoints#service
const std::string kData =
    R"({"result":"ok","data":{"addon":"core_mosquitto","host":"core-mosquitto","port":1883,"ssl":false,)"
    R"("protocol":"3.1.1","username":"addons","password":"secret"}})";

std::string Http(int status, const std::string& body) {
  return "HTTP/1.0 " + std::to_string(status) +
         " Whatever\r\nContent-Type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

ErrorCode Code(const std::string& answer) {
  const auto broker = ParseServiceAnswer(answer);
  REQUIRE_FALSE(broker);
  return broker.error().code;
}

ErrorCode CodeOfData(const std::string& data) { return Code(Http(200, R"({"result":"ok","data":)" + data + "}")); }

}  // namespace

TEST_CASE("a broker is read from the Supervisor's answer") {
  const auto broker = ParseServiceAnswer(Http(200, kData));
  REQUIRE(broker);
  CHECK(*broker == FoundBroker{"core-mosquitto", 1883, "addons", "secret", false});
}

TEST_CASE("the port may be a text, the login may lack, and TLS is taken over") {
  const auto broker = ParseServiceAnswer(Http(200, R"({"result":"ok","data":{"host":"h","port":"8883","ssl":true}})"));
  REQUIRE(broker);
  CHECK(*broker == FoundBroker{"h", 8883, "", "", true});
}

TEST_CASE("without a length the connection's end is the body's") {
  CHECK(ParseServiceAnswer("HTTP/1.1 200 OK\r\n\r\n" + kData));
  CHECK_FALSE(IsWholeAnswer("HTTP/1.1 200 OK\r\n\r\n" + kData));
}

TEST_CASE("an answer is whole when its length is there") {
  const std::string answer = Http(200, kData);
  for (size_t size = 0; size < answer.size(); ++size) CHECK_FALSE(IsWholeAnswer(answer.substr(0, size)));
  CHECK(IsWholeAnswer(answer));
}

TEST_CASE("an answer cut short anywhere is refused") {
  const std::string answer = Http(200, kData);
  for (size_t size = 0; size < answer.size(); ++size) CHECK(Code(answer.substr(0, size)) == ErrorCode::kBadReply);
}

TEST_CASE("what the Supervisor says no with decides what we do") {
  CHECK(Code(Http(400, R"({"result":"error","message":"Service not enabled"})")) == ErrorCode::kAbsent);
  CHECK(Code(Http(401, "")) == ErrorCode::kDenied);
  CHECK(Code(Http(403, "")) == ErrorCode::kDenied);
  CHECK(Code(Http(500, "")) == ErrorCode::kRefused);
  CHECK(Code(Http(301, "")) == ErrorCode::kRefused);
}

TEST_CASE("junk is refused") {
  for (const std::string junk : {"", "HTTP/1.0", "HTTP/1.0 xxx OK\r\n\r\n", "\r\n\r\n", "220 smtp ready\r\n\r\n",
                                 "HTTP/1.0 200 OK\r\n\r\nnot json", "HTTP/1.0 200 OK\r\n\r\n[]",
                                 "HTTP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}"}) {
    CAPTURE(junk);
    CHECK(Code(junk) == ErrorCode::kBadReply);
  }
  CHECK(Code(Http(200, std::string(100'000, '['))) == ErrorCode::kBadReply);
  CHECK(Code(Http(200, std::string(1 << 20, 'x'))) == ErrorCode::kBadReply);
}

TEST_CASE("data that names no broker is refused") {
  for (const std::string data :
       {"null", "[]", "{}", R"({"host":"h"})", R"({"port":1883})", R"({"host":"","port":1883})",
        R"({"host":7,"port":1883})", R"({"host":"h","port":0})", R"({"host":"h","port":65536})",
        R"({"host":"h","port":-1})", R"({"host":"h","port":"x"})", R"({"host":"h","port":1.5})",
        R"({"host":"h\u0000x","port":1})", R"({"host":"h","port":1,"password":"a\u0000"})"}) {
    CAPTURE(data);
    CHECK(CodeOfData(data) == ErrorCode::kBadReply);
  }
}

TEST_CASE("the request is what the Supervisor expects") {
  CHECK(ServiceRequest("supervisor", "", "abc") ==
        "GET /services/mqtt HTTP/1.0\r\nHost: supervisor\r\nAuthorization: Bearer abc\r\n\r\n");
}

TEST_CASE("the app's page is known by the container's name, and by no other") {
  CHECK(AppPage("a1b2c3d4-aims-power-inverter-mqtt") ==
        "homeassistant://config/app/a1b2c3d4_aims_power_inverter_mqtt/info");
  CHECK(AppPage("local-aims-power-inverter-mqtt") == "homeassistant://config/app/local_aims_power_inverter_mqtt/info");
  CHECK(AppPage("ups").empty());
  CHECK(AppPage("").empty());
}
