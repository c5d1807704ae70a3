// The connection to the MQTT broker: Eclipse Paho's asynchronous client behind coroutines. It speaks MQTT 5, whose
// Maximum Packet Size keeps large messages away from us, and 3.1.1 with a broker that knows no better.
// Paho calls back on threads
// of its own; every callback does one thing, asio::post, so all else happens on the executor. It connects once when
// asked: when to try again, and what to say then, is for the caller.
//
// While Paho connects it may hold its lock for seconds (it does so across the resolver's call), so nothing of Paho is
// called between MQTTAsync_connect and its answer. A client that is not connected is never destroyed at exit: main
// leaves with _exit. Should the answer never come (paho.mqtt.c #152, #190), that client is abandoned for a new one;
// should it be a resolver that holds Paho's lock even then, making the new one waits for that.

#pragma once

#include <MQTTAsync.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "io/alarm.h"
#include "io/notification.h"
#include "io/resolver.h"
#include "mqtt/channel.h"
#include "mqtt/options.h"

namespace aims {

class Client {
 public:
  // Called on the executor.
  struct Listeners {
    std::function<void(const Message&)> on_message;
    std::function<void()> on_room;  // what could not be published for want of room can be now
    std::function<void(int token)> on_acknowledged = [](int) {};  // the broker has acknowledged what Publish called so
    // The broker does not take what Publish called so (MQTT 5; a 3.1.1 broker cannot say it).
    std::function<void(int token)> on_denied = [](int) {};
    // Once for each connection: a message was ignored because it is too large, or one of too many.
    std::function<void(const std::string& why)> on_ignored = [](const std::string&) {};
    // Once for each topic and connection: what the broker refused, and why.
    std::function<void(const std::string& what)> on_refused = [](const std::string&) {};
  };

  // At most `most_unacknowledged` messages wait for the broker's word, for `patience`; then the connection is lost.
  Client(asio::any_io_executor executor, Resolver& resolver, std::string client_id, int most_unacknowledged,
         Listeners listeners, std::chrono::milliseconds patience = kPatience);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One attempt, with a clean session; a second one with MQTT 3.1.1 where the broker does not know MQTT 5, and from
  // then on with that at once. When the connection is lost the broker says `offline` on `will_topic`, retained.
  // kDenied: the broker refused us; kAbsent: its name is not known; kRefused: no connection; kBadOption: the CA file;
  // kTimeout: Paho itself said nothing for `limit`, which is longer than any resolver takes.
  asio::awaitable<Result<void>> Connect(Broker broker, std::string will_topic,
                                        std::chrono::milliseconds limit = kAnswerLimit);

  // Waits until the connection is lost, at most until `limit`; why it was lost, or nothing while it stands.
  asio::awaitable<std::optional<std::string>> Lost(Notification::Time limit = Notification::Time::max());

  // QoS 1. Its token, as on_acknowledged will name it, unless the connection breaks before. Nothing: not connected,
  // leaving, too many messages wait for the broker's word, or it is larger than the broker takes.
  std::optional<int> Publish(const std::string& topic, const std::string& payload, Retain retain);

  void Subscribe(const std::string& topic, Held held = Held::kSend);
  void Unsubscribe(const std::string& topic);

  // From here on nothing more is published. Waits until the broker has acknowledged everything, at most until `limit`,
  // and takes leave of it.
  asio::awaitable<void> Leave(Notification::Time limit);

  bool is_connected() const { return connected_; }
  MqttVersion version() const { return version_; }  // of this connection, or the last

  static constexpr std::chrono::seconds kConnectLimit{3};
  static constexpr std::chrono::seconds kKeepAlive{10};
  static constexpr std::chrono::seconds kAnswerLimit{120};
  static constexpr std::chrono::seconds kPatience{20};
  // No broker sends larger packets than that, if it knows MQTT 5 and keeps to it.
  static constexpr int kLargestPacket = 16 << 10;
  // Larger messages, and more than so many at once, are not for us.
  static constexpr int kLargestPayload = 4096;
  static constexpr int kMostMessagesWaiting = 64;

 private:
  // One client of Paho's. Its callbacks, on Paho's threads, get it as their context, and it outlives them.
  struct Handle {
    // Has `act` called with the owner, on its executor, unless this handle was abandoned. For Paho's threads.
    template <typename Act>
    void Post(Act act) {
      const std::lock_guard lock(leaving);
      if (is_abandoned) return;
      asio::post(executor, [this, act = std::move(act)] {
        if (owner) act(*owner);
      });
    }

    MQTTAsync paho = nullptr;
    std::string uri;
    Client* owner = nullptr;  // null: abandoned; read and written on the executor alone
    asio::any_io_executor executor;
    std::mutex leaving;
    bool is_abandoned = false;              // its executor may be gone; under `leaving`
    bool is_spent = false;                  // its connection was lost
    std::atomic<int> waiting = 0;           // messages posted to the executor
    std::atomic<bool> is_ignoring = false;  // on_ignored was told on this connection
  };
  struct Unacknowledged {
    int token;
    std::string topic;
    Notification::Time since;
  };
  // What Paho says, of either version.
  struct Said {
    int token = 0;
    int code = 0;
    std::string why{};
    uint32_t largest_packet = 0;  // that the broker takes; 0: any
  };
  using OnSaid = void (Client::*)(const Said& said);

  template <OnSaid act, typename Data>
  static void Hear(void* handle, Data* data);
  template <OnSaid on_success, OnSaid on_failure, typename Options>
  void Listen(Options& options);
  static void OnLost(void* handle, char* cause);
  static void OnFarewell(void* handle, MQTTProperties* properties, enum MQTTReasonCodes reason);
  static int OnArrived(void* handle, char* topic, int topic_length, MQTTAsync_message* message);

  asio::awaitable<Result<Broker>> Located(Broker broker);
  asio::awaitable<Result<void>> Attempt(Broker broker, std::chrono::milliseconds limit);
  void Create(const std::string& uri);
  void Abandon();
  void Connected(const Said& said);
  void NotConnected(const Said& said);
  void Disconnected(std::string why);
  void Acknowledged(const Said& said);
  void NotAcknowledged(const Said& said);
  void Subscribed(const Said& said);
  void NotSubscribed(const Said& said);
  void Left(const Said& said);
  Unacknowledged Take(std::deque<Unacknowledged>& from, int token);
  void Settle();
  void LosePatience();
  void Refused(const std::string& topic, const std::string& why);

  asio::any_io_executor executor_;
  Resolver& resolver_;
  std::string client_id_;
  Listeners listeners_;
  std::unique_ptr<Handle> handle_;
  Broker broker_;  // of the newest attempt: Paho keeps pointers to its texts
  std::string will_topic_;
  Notification answered_;  // the attempt ended
  Notification lost_;
  Notification settled_;  // nothing is unacknowledged
  Notification left_;     // the broker knows that we go
  Result<void> outcome_;
  std::string lost_why_;
  bool connected_ = false;
  bool leaving_ = false;
  bool full_ = false;  // something could not be published
  size_t most_unacknowledged_;
  std::chrono::milliseconds patience_;
  std::deque<Unacknowledged> unacknowledged_;  // published; the oldest first
  std::deque<Unacknowledged> subscribing_;
  Alarm impatience_;
  MqttVersion version_ = MqttVersion::k5;
  bool is_version_refused_ = false;      // by the last attempt
  std::set<std::string> without_mqtt5_;  // hosts
  std::set<std::string> refused_;        // topics, on this connection
  uint32_t largest_packet_ = 0;          // that the broker takes; 0: any
};

}  // namespace aims
