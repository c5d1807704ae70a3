#include "mqtt/client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <cstring>

#include "homeassistant/topics.h"

namespace aims {
namespace {

constexpr int kQos = 1;
constexpr int kBadLogin = 4;       // CONNACK: bad user name or password
constexpr int kNotAuthorized = 5;  // CONNACK

std::string Uri(const Broker& broker) {
  const bool bare_v6 = broker.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", broker.tls ? "ssl" : "tcp", bare_v6 ? "[" : "", broker.host, bare_v6 ? "]" : "",
                     broker.port);
}

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::string Why(const char* message, int code) {
  return message && *message ? std::string(message) : fmt::format("error {}", code);
}

}  // namespace

Client::Client(asio::any_io_executor executor, std::string client_id, int most_unacknowledged, Listeners listeners)
    : executor_(executor),
      client_id_(std::move(client_id)),
      listeners_(std::move(listeners)),
      answered_(executor),
      lost_(executor),
      settled_(executor),
      left_(executor),
      most_unacknowledged_(most_unacknowledged) {}

Client::~Client() {
  if (!handle_) return;
  handle_->owner = nullptr;
  MQTTAsync_destroy(&handle_->paho);
}

asio::awaitable<Result<void>> Client::Connect(Broker broker, std::string will_topic, std::chrono::milliseconds limit) {
  broker_ = std::move(broker);
  will_topic_ = std::move(will_topic);
  if (broker_.tls && !broker_.ca_file.empty() && ::access(broker_.ca_file.c_str(), R_OK) != 0) {
    co_return Failure(ErrorCode::kBadOption,
                      fmt::format("mqtt.ca_file: {} cannot be read: {}", broker_.ca_file, std::strerror(errno)));
  }
  Create(Uri(broker_));

  MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
  const std::string offline(kOfflinePayload);
  will.topicName = will_topic_.c_str();
  will.message = offline.c_str();
  will.retained = 1;
  will.qos = kQos;

  // The default version of Paho's is what both sides can do best, TLS 1.3 included; OpenSSL allows none below 1.2.
  MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
  tls.trustStore = OrNull(broker_.ca_file);
  tls.verify = 1;

  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  options.MQTTVersion = MQTTVERSION_3_1_1;
  options.cleansession = 1;
  options.keepAliveInterval = static_cast<int>(kKeepAlive.count());
  options.connectTimeout = static_cast<int>(kConnectLimit.count());
  options.username = OrNull(broker_.username);
  options.password = OrNull(broker_.password);
  options.will = &will;
  options.ssl = broker_.tls ? &tls : nullptr;
  options.onSuccess = OnConnected;
  options.onFailure = OnNotConnected;
  options.context = handle_.get();

  answered_.Reset();
  const int refused = MQTTAsync_connect(handle_->paho, &options);
  if (refused != MQTTASYNC_SUCCESS) co_return Failure(ErrorCode::kRefused, Why(MQTTAsync_strerror(refused), refused));
  const auto end = std::chrono::steady_clock::now() + limit;
  const bool is_answered = co_await answered_.Wait(end);
  if (is_answered) co_return outcome_;
  Abandon();
  co_return Failure(ErrorCode::kTimeout, "the attempt came to no end");
}

asio::awaitable<std::optional<std::string>> Client::Lost(Notification::Time limit) {
  const bool is_lost = co_await lost_.Wait(limit);
  if (!is_lost) co_return std::nullopt;
  co_return lost_why_;
}

std::optional<int> Client::Publish(const std::string& topic, const std::string& payload, Retain retain) {
  if (!connected_ || leaving_) return {};
  if (unacknowledged_ >= most_unacknowledged_) {
    full_ = true;
    return {};
  }
  MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
  response.onSuccess = OnAcknowledged;
  response.onFailure = OnNotAcknowledged;
  response.context = handle_.get();
  const int refused = MQTTAsync_send(handle_->paho, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                                     kQos, retain == Retain::kYes, &response);
  if (refused != MQTTASYNC_SUCCESS) return {};
  ++unacknowledged_;
  settled_.Reset();
  return response.token;
}

void Client::Subscribe(const std::string& topic) {
  if (connected_) MQTTAsync_subscribe(handle_->paho, topic.c_str(), kQos, nullptr);
}

void Client::Unsubscribe(const std::string& topic) {
  if (connected_) MQTTAsync_unsubscribe(handle_->paho, topic.c_str(), nullptr);
}

asio::awaitable<void> Client::Leave(Notification::Time limit) {
  leaving_ = true;
  if (!connected_) co_return;
  if (unacknowledged_ > 0) co_await settled_.Wait(limit);
  if (!connected_) co_return;
  left_.Reset();
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  options.onSuccess = OnLeft;
  options.context = handle_.get();
  if (MQTTAsync_disconnect(handle_->paho, &options) == MQTTASYNC_SUCCESS) co_await left_.Wait(limit);
}

// A client serves one address, and one connection: what Paho had queued when that broke would be sent over the next
// one, old states before the new. The old one goes after the new one has come, or Paho would stop its threads in
// between.
void Client::Create(const std::string& uri) {
  if (handle_ && uri == handle_->uri && !handle_->is_spent) return;
  auto old = std::move(handle_);
  handle_ = std::make_unique<Handle>();
  handle_->uri = uri;
  handle_->owner = this;
  handle_->executor = executor_;
  MQTTAsync_create(&handle_->paho, uri.c_str(), client_id_.c_str(), MQTTCLIENT_PERSISTENCE_NONE, nullptr);
  MQTTAsync_setCallbacks(handle_->paho, handle_.get(), OnLost, OnArrived, nullptr);
  if (!old) return;
  old->owner = nullptr;
  MQTTAsync_destroy(&old->paho);
  asio::post(executor_, [old = std::shared_ptr<Handle>(std::move(old))] {});  // what it posted before still names it
}

// What its threads do is unknown, so it is neither destroyed nor freed.
void Client::Abandon() {
  handle_->owner = nullptr;
  const std::lock_guard lock(handle_->leaving);
  handle_->is_abandoned = true;
  static_cast<void>(handle_.release());
}

void Client::Connected() {
  connected_ = true;
  full_ = false;
  unacknowledged_ = 0;
  handle_->is_ignoring = false;
  lost_.Reset();
  outcome_ = {};
  answered_.Notify();
}

void Client::NotConnected(int code, std::string why) {
  const bool login = code == kBadLogin || code == kNotAuthorized;
  outcome_ = login ? Failure(ErrorCode::kDenied, "it refused the login") : Failure(ErrorCode::kRefused, std::move(why));
  answered_.Notify();
}

void Client::Disconnected(std::string why) {
  connected_ = false;
  handle_->is_spent = true;
  unacknowledged_ = 0;
  lost_why_ = std::move(why);
  settled_.Notify();
  left_.Notify();
  lost_.Notify();
}

void Client::Acknowledged() {
  unacknowledged_ = std::max(0, unacknowledged_ - 1);
  if (unacknowledged_ > 0) return;
  settled_.Notify();
  if (full_ && connected_ && !leaving_) {
    full_ = false;
    listeners_.on_room();
  }
}

// ---- On Paho's threads ----

void Client::OnConnected(void* context, MQTTAsync_successData*) {
  static_cast<Handle*>(context)->Post([](Client& owner) { owner.Connected(); });
}

void Client::OnNotConnected(void* context, MQTTAsync_failureData* data) {
  const int code = data ? data->code : 0;
  const std::string why = Why(data ? data->message : nullptr, code);
  static_cast<Handle*>(context)->Post([code, why](Client& owner) { owner.NotConnected(code, why); });
}

void Client::OnLost(void* context, char* cause) {
  const std::string why = cause && *cause ? cause : "the connection broke";
  static_cast<Handle*>(context)->Post([why](Client& owner) { owner.Disconnected(why); });
}

int Client::OnArrived(void* context, char* topic, int topic_length, MQTTAsync_message* arrived) {
  auto* client = static_cast<Handle*>(context);
  const size_t length = topic_length > 0 ? static_cast<size_t>(topic_length) : std::strlen(topic);
  Message message{std::string(topic, length), {}, arrived->retained != 0};
  const bool is_large = arrived->payloadlen > kLargestPayload;
  if (!is_large && client->waiting < kMostMessagesWaiting) {
    message.payload.assign(static_cast<const char*>(arrived->payload), static_cast<size_t>(arrived->payloadlen));
    ++client->waiting;
    client->Post([client, message = std::move(message)](Client& owner) {
      --client->waiting;
      owner.listeners_.on_message(message);
    });
  } else if (!client->is_ignoring.exchange(true)) {
    const std::string why =
        is_large ? fmt::format("{} bytes on {} are too many for a message to us", arrived->payloadlen, message.topic)
                 : fmt::format("messages on {} come faster than they can be read", message.topic);
    client->Post([why](Client& owner) { owner.listeners_.on_ignored(why); });
  }
  MQTTAsync_freeMessage(&arrived);
  MQTTAsync_free(topic);
  return 1;
}

void Client::OnAcknowledged(void* context, MQTTAsync_successData* data) {
  static_cast<Handle*>(context)->Post([token = data->token](Client& owner) {
    owner.Acknowledged();
    owner.listeners_.on_acknowledged(token);
  });
}

void Client::OnNotAcknowledged(void* context, MQTTAsync_failureData*) {
  static_cast<Handle*>(context)->Post([](Client& owner) { owner.Acknowledged(); });
}

void Client::OnLeft(void* context, MQTTAsync_successData*) {
  static_cast<Handle*>(context)->Post([](Client& owner) {
    owner.connected_ = false;
    owner.left_.Notify();
  });
}

}  // namespace aims
