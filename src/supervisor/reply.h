// What the Supervisor answers when it is asked for the MQTT service, as bytes of HTTP/1.0.
// Pure.
//
//   GET /services/mqtt
//   200 {"result":"ok","data":{"host":"core-mosquitto","port":1883,"ssl":false,"username":"addons","password":"…", …}}
//   400 {"result":"error","message":"Service not enabled"}       no broker now: normal at every boot
//
// Source: https://developers.home-assistant.io/docs/api/supervisor/endpoints#service

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aims {

// The broker that the Supervisor knows, and the login that it made for us.
struct FoundBroker {
  std::string host;
  uint16_t port = 0;
  std::string username;
  std::string password;
  bool tls = false;

  bool operator==(const FoundBroker&) const = default;
};

// The whole request, ready to send. HTTP/1.0, so that the answer is not chunked and its end is the connection's.
std::string ServiceRequest(std::string_view host, std::string_view path, std::string_view token);

// True when `answer` holds its header and as many bytes of body as that promises.
bool IsWholeAnswer(std::string_view answer);

// The broker in a whole answer. kAbsent: there is none now; kDenied: we may not know; kBadReply: this is not the
// Supervisor's answer, or it was cut short.
Result<FoundBroker> ParseServiceAnswer(std::string_view answer);

// The app's own page in Home Assistant, as a device's configuration URL. `host_name`: of the container, which the
// Supervisor names after the app's slug, with '-' for '_'. Empty: this is no such name.
std::string AppPage(std::string_view host_name);

}  // namespace aims
