#include "mqtt/client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <cstring>

#include "homeassistant/documents.h"

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

Mqtt::Mqtt(asio::any_io_executor executor, std::string client_id, int most_unacknowledged, Listeners listeners)
    : executor_(executor),
      client_id_(std::move(client_id)),
      listeners_(std::move(listeners)),
      answered_(executor),
      lost_(executor),
      settled_(executor),
      left_(executor),
      most_unacknowledged_(most_unacknowledged) {}

Mqtt::~Mqtt() {
  if (!client_) return;
  client_->owner = nullptr;
  MQTTAsync_destroy(&client_->handle);
}

asio::awaitable<Result<void>> Mqtt::Connect(Broker broker, std::string will_topic, std::chrono::milliseconds limit) {
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
  options.context = client_.get();

  answered_.Reset();
  const int refused = MQTTAsync_connect(client_->handle, &options);
  if (refused != MQTTASYNC_SUCCESS) co_return Failure(ErrorCode::kRefused, Why(MQTTAsync_strerror(refused), refused));
  const auto end = std::chrono::steady_clock::now() + limit;
  const bool is_answered = co_await answered_.Wait(end);
  if (is_answered) co_return outcome_;
  Abandon();
  co_return Failure(ErrorCode::kTimeout, "the attempt came to no end");
}

asio::awaitable<std::optional<std::string>> Mqtt::Lost(Event::Time limit) {
  const bool is_lost = co_await lost_.Wait(limit);
  if (!is_lost) co_return std::nullopt;
  co_return lost_why_;
}

std::optional<int> Mqtt::Publish(const std::string& topic, const std::string& payload, Retain retain) {
  if (!connected_ || leaving_) return {};
  if (unacknowledged_ >= most_unacknowledged_) {
    full_ = true;
    return {};
  }
  MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
  response.onSuccess = OnAcknowledged;
  response.onFailure = OnNotAcknowledged;
  response.context = client_.get();
  const int refused = MQTTAsync_send(client_->handle, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                                     kQos, retain == Retain::kYes, &response);
  if (refused != MQTTASYNC_SUCCESS) return {};
  ++unacknowledged_;
  settled_.Reset();
  return response.token;
}

void Mqtt::Subscribe(const std::string& topic) {
  if (connected_) MQTTAsync_subscribe(client_->handle, topic.c_str(), kQos, nullptr);
}

void Mqtt::Unsubscribe(const std::string& topic) {
  if (connected_) MQTTAsync_unsubscribe(client_->handle, topic.c_str(), nullptr);
}

asio::awaitable<void> Mqtt::Leave(Event::Time limit) {
  leaving_ = true;
  if (!connected_) co_return;
  if (unacknowledged_ > 0) co_await settled_.Wait(limit);
  if (!connected_) co_return;
  left_.Reset();
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  options.onSuccess = OnLeft;
  options.context = client_.get();
  if (MQTTAsync_disconnect(client_->handle, &options) == MQTTASYNC_SUCCESS) co_await left_.Wait(limit);
}

// A client serves one address, and one connection: what Paho had queued when that broke would be sent over the next
// one, old states before the new. The old one goes after the new one has come, or Paho would stop its threads in
// between.
void Mqtt::Create(const std::string& uri) {
  if (client_ && uri == client_->uri && !client_->is_spent) return;
  auto old = std::move(client_);
  client_ = std::make_unique<Client>();
  client_->uri = uri;
  client_->owner = this;
  client_->executor = executor_;
  MQTTAsync_create(&client_->handle, uri.c_str(), client_id_.c_str(), MQTTCLIENT_PERSISTENCE_NONE, nullptr);
  MQTTAsync_setCallbacks(client_->handle, client_.get(), OnLost, OnArrived, nullptr);
  if (!old) return;
  old->owner = nullptr;
  MQTTAsync_destroy(&old->handle);
  asio::post(executor_, [old = std::shared_ptr<Client>(std::move(old))] {});  // what it posted before still names it
}

// Nobody knows what its threads do, so it is neither destroyed nor freed.
void Mqtt::Abandon() {
  client_->owner = nullptr;
  const std::lock_guard lock(client_->leaving);
  client_->is_abandoned = true;
  static_cast<void>(client_.release());
}

void Mqtt::Connected() {
  connected_ = true;
  full_ = false;
  unacknowledged_ = 0;
  client_->is_ignoring = false;
  lost_.Reset();
  outcome_ = {};
  answered_.Announce();
}

void Mqtt::NotConnected(int code, std::string why) {
  const bool login = code == kBadLogin || code == kNotAuthorized;
  outcome_ = login ? Failure(ErrorCode::kDenied, "it refused the login") : Failure(ErrorCode::kRefused, std::move(why));
  answered_.Announce();
}

void Mqtt::Disconnected(std::string why) {
  connected_ = false;
  client_->is_spent = true;
  unacknowledged_ = 0;
  lost_why_ = std::move(why);
  settled_.Announce();
  left_.Announce();
  lost_.Announce();
}

void Mqtt::Acknowledged() {
  unacknowledged_ = std::max(0, unacknowledged_ - 1);
  if (unacknowledged_ > 0) return;
  settled_.Announce();
  if (full_ && connected_ && !leaving_) {
    full_ = false;
    listeners_.on_room();
  }
}

// ---- On Paho's threads ----

void Mqtt::OnConnected(void* context, MQTTAsync_successData*) {
  static_cast<Client*>(context)->Post([](Mqtt& owner) { owner.Connected(); });
}

void Mqtt::OnNotConnected(void* context, MQTTAsync_failureData* data) {
  const int code = data ? data->code : 0;
  const std::string why = Why(data ? data->message : nullptr, code);
  static_cast<Client*>(context)->Post([code, why](Mqtt& owner) { owner.NotConnected(code, why); });
}

void Mqtt::OnLost(void* context, char* cause) {
  const std::string why = cause && *cause ? cause : "the connection broke";
  static_cast<Client*>(context)->Post([why](Mqtt& owner) { owner.Disconnected(why); });
}

int Mqtt::OnArrived(void* context, char* topic, int topic_length, MQTTAsync_message* arrived) {
  auto* client = static_cast<Client*>(context);
  const size_t length = topic_length > 0 ? static_cast<size_t>(topic_length) : std::strlen(topic);
  Message message{std::string(topic, length), {}, arrived->retained != 0};
  const bool is_large = arrived->payloadlen > kLargestPayload;
  if (!is_large && client->waiting < kMostMessagesWaiting) {
    message.payload.assign(static_cast<const char*>(arrived->payload), static_cast<size_t>(arrived->payloadlen));
    ++client->waiting;
    client->Post([client, message = std::move(message)](Mqtt& owner) {
      --client->waiting;
      owner.listeners_.on_message(message);
    });
  } else if (!client->is_ignoring.exchange(true)) {
    const std::string why =
        is_large ? fmt::format("{} bytes on {} are too many for a message to us", arrived->payloadlen, message.topic)
                 : fmt::format("messages on {} come faster than they can be read", message.topic);
    client->Post([why](Mqtt& owner) { owner.listeners_.on_ignored(why); });
  }
  MQTTAsync_freeMessage(&arrived);
  MQTTAsync_free(topic);
  return 1;
}

void Mqtt::OnAcknowledged(void* context, MQTTAsync_successData* data) {
  static_cast<Client*>(context)->Post([token = data->token](Mqtt& owner) {
    owner.Acknowledged();
    owner.listeners_.on_told(token);
  });
}

void Mqtt::OnNotAcknowledged(void* context, MQTTAsync_failureData*) {
  static_cast<Client*>(context)->Post([](Mqtt& owner) { owner.Acknowledged(); });
}

void Mqtt::OnLeft(void* context, MQTTAsync_successData*) {
  static_cast<Client*>(context)->Post([](Mqtt& owner) {
    owner.connected_ = false;
    owner.left_.Announce();
  });
}

}  // namespace aims
