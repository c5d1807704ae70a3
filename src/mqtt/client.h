// The connection to the MQTT broker: Eclipse Paho's asynchronous client behind coroutines. Paho calls back on threads
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
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "io/notification.h"
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
    // Once for each connection: a message was ignored because it is too large, or one of too many.
    std::function<void(const std::string& why)> on_ignored = [](const std::string&) {};
  };

  // At most `most_unacknowledged` messages wait for the broker's word.
  Client(asio::any_io_executor executor, std::string client_id, int most_unacknowledged, Listeners listeners);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One attempt, MQTT 3.1.1, clean session. When the connection is lost the broker says `offline` on `will_topic`,
  // retained. kDenied: the login was refused; kRefused: no connection; kBadOption: the CA file; kTimeout: Paho itself
  // said nothing for `limit`, which is longer than any resolver takes.
  asio::awaitable<Result<void>> Connect(Broker broker, std::string will_topic,
                                        std::chrono::milliseconds limit = kAnswerLimit);

  // Waits until the connection is lost, at most until `limit`; why it was lost, or nothing while it stands.
  asio::awaitable<std::optional<std::string>> Lost(Notification::Time limit = Notification::Time::max());

  // QoS 1. Its token, as on_acknowledged will name it, unless the connection breaks before. Nothing: not connected,
  // leaving, or too many messages wait for the broker's word.
  std::optional<int> Publish(const std::string& topic, const std::string& payload, Retain retain);

  void Subscribe(const std::string& topic);
  void Unsubscribe(const std::string& topic);

  // From here on nothing more is published. Waits until the broker has acknowledged everything, at most until `limit`,
  // and takes leave of it.
  asio::awaitable<void> Leave(Notification::Time limit);

  bool is_connected() const { return connected_; }

  static constexpr std::chrono::seconds kConnectLimit{3};
  static constexpr std::chrono::seconds kKeepAlive{10};
  static constexpr std::chrono::seconds kAnswerLimit{120};
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

  static void OnConnected(void* client, MQTTAsync_successData* data);
  static void OnNotConnected(void* client, MQTTAsync_failureData* data);
  static void OnLost(void* client, char* cause);
  static int OnArrived(void* client, char* topic, int topic_length, MQTTAsync_message* message);
  static void OnAcknowledged(void* client, MQTTAsync_successData* data);
  static void OnNotAcknowledged(void* client, MQTTAsync_failureData* data);
  static void OnLeft(void* client, MQTTAsync_successData* data);

  void Create(const std::string& uri);
  void Abandon();
  void Connected();
  void NotConnected(int code, std::string why);
  void Disconnected(std::string why);
  void Acknowledged();

  asio::any_io_executor executor_;
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
  int most_unacknowledged_;
  int unacknowledged_ = 0;
};

}  // namespace aims
