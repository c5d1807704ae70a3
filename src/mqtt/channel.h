// What may be done with the connection to a broker, and what comes over it. The parts of this folder speak through a
// channel: in the program it is Paho's client (client.h), in tests a list and a clock that the test turns.
// Pure.

#pragma once

#include <functional>
#include <optional>
#include <string>

namespace aims {

enum class Retain { kNo, kYes };

// What is spoken with the broker. With MQTT 5 it does not send us what we said ourselves.
enum class MqttVersion { k311, k5 };

// Whether the broker sends what it holds on a topic right after the subscription; 3.1.1 brokers always do.
enum class Held { kSend, kSkip };

struct Message {
  std::string topic;
  std::string payload;
  bool retained = false;
};

struct Channel {
  // QoS 1. A token that its acknowledgement will name; nothing: there is no connection, or too many messages wait.
  std::function<std::optional<int>(const std::string& topic, const std::string& payload, Retain retain)> publish;
  std::function<void(const std::string& topic, Held held)> subscribe;
  std::function<void(const std::string& topic)> unsubscribe;
};

}  // namespace aims
