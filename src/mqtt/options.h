// What the owner says of MQTT: the broker, the topics, and how Home Assistant announces itself.
// Pure.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "homeassistant/topics.h"

namespace aims {

inline constexpr uint16_t kMqttPort = 1883;
inline constexpr uint16_t kMqttTlsPort = 8883;

// A broker and how to log in to it.
struct Broker {
  std::string host;  // empty: not given
  uint16_t port = 0;
  std::string username;  // empty: no login
  std::string password;
  bool tls = false;
  std::string ca_file;  // empty: the system's authorities

  bool operator==(const Broker&) const = default;
};

struct MqttOptions {
  Broker broker;  // without a host: the one that the Supervisor knows
  Topics topics;
  std::string birth_topic = "homeassistant/status";
  std::string birth_payload = "online";
  std::chrono::milliseconds report_interval{10'000};  // between two reports of measurements, with the utility present
};

}  // namespace aims
