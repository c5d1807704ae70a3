#include "mqtt/client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <cctype>
#include <cstring>
#include <type_traits>

#include "homeassistant/topics.h"
#include "io/pause.h"

namespace aims {
namespace {

constexpr int kQos = 1;
// CONNACK of 3.1.1 (section 3.2.2.3) and of 5 (section 3.2.2.2).
constexpr int kRefusesVersion = 1;
constexpr int kUnsupportedVersion5 = 0x84;
constexpr int kBadSubscribe = 0x80;  // SUBACK of 3.1.1
constexpr std::string_view kClosed =
    "TCP connect completion failure";  // Paho's words for a connection that ended before the CONNACK
constexpr std::chrono::milliseconds kBeforeSecondAttempt{250};
constexpr size_t kPacketHead = 16;  // bytes of a PUBLISH, beside topic and payload, at most

std::string Uri(const Broker& broker) {
  const bool bare_v6 = broker.host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", broker.tls ? "ssl" : "tcp", bare_v6 ? "[" : "", broker.host, bare_v6 ? "]" : "",
                     broker.port);
}

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::string Why(const char* message, int code) {
  return message && *message ? std::string(message) : fmt::format("error {}", code);
}

// What a broker says with a code, of either version; as in section 2.4 of MQTT 5.
std::string InWords(int code) {
  switch (code) {
    case 2:
    case MQTTREASONCODE_CLIENT_IDENTIFIER_NOT_VALID:
      return "it refuses our client id";
    case 3:
    case MQTTREASONCODE_SERVER_UNAVAILABLE:
    case MQTTREASONCODE_SERVER_BUSY:
      return "it says that it is not available now";
    case 4:
    case 5:
    case MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD:
    case MQTTREASONCODE_NOT_AUTHORIZED:
      return "it refused the login";
    case kRefusesVersion:
    case kUnsupportedVersion5:
      return "it speaks neither MQTT 5 nor 3.1.1";
    default:
      break;
  }
  const char* words = MQTTReasonCode_toString(static_cast<MQTTReasonCodes>(code));
  std::string text = words ? words : fmt::format("code {}", code);
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return fmt::format("it says: {}", text);
}

}  // namespace

Client::Client(asio::any_io_executor executor, Resolver& resolver, std::string client_id, int most_unacknowledged,
               Listeners listeners, std::chrono::milliseconds patience)
    : executor_(executor),
      resolver_(resolver),
      client_id_(std::move(client_id)),
      listeners_(std::move(listeners)),
      answered_(executor),
      lost_(executor),
      settled_(executor),
      left_(executor),
      most_unacknowledged_(static_cast<size_t>(most_unacknowledged)),
      patience_(patience),
      impatience_(executor, [this] { LosePatience(); }) {}

Client::~Client() {
  if (!handle_) return;
  handle_->owner = nullptr;
  MQTTAsync_destroy(&handle_->paho);
}

// On one of Paho's threads.
template <Client::OnSaid act, typename Data>
void Client::Hear(void* handle, Data* data) {
  Said said;
  if (data) said.token = data->token;
  if constexpr (std::is_same_v<Data, MQTTAsync_failureData> || std::is_same_v<Data, MQTTAsync_failureData5>) {
    if (data) said.code = data->code;
    said.why = Why(data ? data->message : nullptr, said.code);
  }
  if constexpr (std::is_same_v<Data, MQTTAsync_failureData5>) {
    if (data && said.code == 0) said.code = data->reasonCode;
  }
  if constexpr (std::is_same_v<Data, MQTTAsync_successData5>) {
    const int most =
        data ? MQTTProperties_getNumericValue(&data->properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE) : 0;
    said.largest_packet = most > 0 ? static_cast<uint32_t>(most) : 0;
  }
  static_cast<Handle*>(handle)->Post([said](Client& owner) { (owner.*act)(said); });
}

// Paho takes the callbacks of the version that is spoken, and no others.
template <Client::OnSaid on_success, Client::OnSaid on_failure, typename Options>
void Client::Listen(Options& options) {
  options.context = handle_.get();
  if (version_ == MqttVersion::k5) {
    options.onSuccess5 = Hear<on_success, MQTTAsync_successData5>;
    options.onFailure5 = Hear<on_failure, MQTTAsync_failureData5>;
  } else {
    options.onSuccess = Hear<on_success, MQTTAsync_successData>;
    options.onFailure = Hear<on_failure, MQTTAsync_failureData>;
  }
}

asio::awaitable<Result<void>> Client::Connect(Broker broker, std::string will_topic, std::chrono::milliseconds limit) {
  if (broker.tls && !broker.ca_file.empty() && ::access(broker.ca_file.c_str(), R_OK) != 0) {
    co_return Failure(ErrorCode::kBadOption,
                      fmt::format("mqtt.ca_file: {} cannot be read: {}", broker.ca_file, std::strerror(errno)));
  }
  will_topic_ = std::move(will_topic);
  const std::string name = fmt::format("{}:{}", broker.host, broker.port);
  version_ = without_mqtt5_.contains(name) ? MqttVersion::k311 : MqttVersion::k5;
  const auto located = co_await Located(broker);
  if (!located) co_return tl::unexpected<Error>(located.error());
  const Result<void> outcome = co_await Attempt(*located, limit);
  const bool is_too_new = version_ == MqttVersion::k5 && !outcome && is_version_refused_;
  if (!is_too_new) co_return outcome;
  // Paho's thread may take a socket with the number of the one that just failed for that one: "socket error".
  co_await Pause(executor_, kBeforeSecondAttempt);
  version_ = MqttVersion::k311;
  const Result<void> again = co_await Attempt(*located, limit);
  if (again || !is_version_refused_) without_mqtt5_.insert(name);
  co_return again;
}

// Paho holds its lock while it looks a name up, so it gets an address; but for TLS, whose certificate is for the name.
asio::awaitable<Result<Broker>> Client::Located(Broker broker) {
  const auto old = broker.tls ? Resolver::Old::kNotGood : Resolver::Old::kGood;
  const auto addresses = co_await resolver_.Find(broker.host, old);
  if (!addresses) co_return tl::unexpected<Error>(addresses.error());
  if (!broker.tls) broker.host = addresses->front().to_string();
  co_return broker;
}

asio::awaitable<Result<void>> Client::Attempt(Broker broker, std::chrono::milliseconds limit) {
  broker_ = std::move(broker);
  is_version_refused_ = false;
  const bool is_5 = version_ == MqttVersion::k5;
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

  MQTTProperty largest{};
  largest.identifier = MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE;
  largest.value.integer4 = kLargestPacket;
  MQTTProperties properties = MQTTProperties_initializer;

  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  options.MQTTVersion = is_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
  options.cleansession = is_5 ? 0 : 1;
  options.cleanstart = is_5 ? 1 : 0;
  options.connectProperties = is_5 ? &properties : nullptr;
  options.keepAliveInterval = static_cast<int>(kKeepAlive.count());
  options.connectTimeout = static_cast<int>(kConnectLimit.count());
  options.username = OrNull(broker_.username);
  options.password = OrNull(broker_.password);
  options.will = &will;
  options.ssl = broker_.tls ? &tls : nullptr;
  Listen<&Client::Connected, &Client::NotConnected>(options);

  answered_.Reset();
  MQTTProperties_add(&properties, &largest);
  const int refused = MQTTAsync_connect(handle_->paho, &options);
  MQTTProperties_free(&properties);
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
  if (unacknowledged_.size() >= most_unacknowledged_) {
    full_ = true;
    return {};
  }
  if (const size_t size = topic.size() + payload.size() + kPacketHead; largest_packet_ > 0 && size > largest_packet_) {
    Refused(topic, fmt::format("{} bytes are more than the {} that it takes", size, largest_packet_));
    return {};
  }
  MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
  Listen<&Client::Acknowledged, &Client::NotAcknowledged>(response);
  const int refused = MQTTAsync_send(handle_->paho, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                                     kQos, retain == Retain::kYes, &response);
  if (refused != MQTTASYNC_SUCCESS) {
    full_ = true;
    return {};
  }
  unacknowledged_.push_back({response.token, topic, std::chrono::steady_clock::now()});
  settled_.Reset();
  impatience_.Set(unacknowledged_.front().since + patience_);
  return response.token;
}

void Client::Subscribe(const std::string& topic, Held held) {
  if (!connected_) return;
  MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
  Listen<&Client::Subscribed, &Client::NotSubscribed>(response);
  response.subscribeOptions.noLocal = 1;
  response.subscribeOptions.retainHandling = held == Held::kSend ? 0 : 2;
  if (MQTTAsync_subscribe(handle_->paho, topic.c_str(), kQos, &response) != MQTTASYNC_SUCCESS) return;
  subscribing_.push_back({response.token, topic, {}});
}

void Client::Unsubscribe(const std::string& topic) {
  if (connected_) MQTTAsync_unsubscribe(handle_->paho, topic.c_str(), nullptr);
}

asio::awaitable<void> Client::Leave(Notification::Time limit) {
  leaving_ = true;
  if (!connected_) co_return;
  if (!unacknowledged_.empty()) co_await settled_.Wait(limit);
  if (!connected_) co_return;
  left_.Reset();
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  Listen<&Client::Left, &Client::Left>(options);
  if (MQTTAsync_disconnect(handle_->paho, &options) == MQTTASYNC_SUCCESS) co_await left_.Wait(limit);
}

// A client serves one connection: what Paho had queued when that broke would be sent over the next one, old states
// before the new. The old one goes after the new one has come, or Paho would stop its threads in between.
void Client::Create(const std::string& uri) {
  auto old = std::move(handle_);
  handle_ = std::make_unique<Handle>();
  handle_->uri = uri;
  handle_->owner = this;
  handle_->executor = executor_;
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
  options.MQTTVersion = version_ == MqttVersion::k5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
  // Else Paho takes no more than 100 that wait behind the broker's Receive Maximum.
  options.maxBufferedMessages = static_cast<int>(most_unacknowledged_);
  MQTTAsync_createWithOptions(&handle_->paho, uri.c_str(), client_id_.c_str(), MQTTCLIENT_PERSISTENCE_NONE, nullptr,
                              &options);
  MQTTAsync_setCallbacks(handle_->paho, handle_.get(), OnLost, OnArrived, nullptr);
  MQTTAsync_setDisconnected(handle_->paho, handle_.get(), OnFarewell);
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

void Client::Connected(const Said& said) {
  connected_ = true;
  full_ = false;
  largest_packet_ = said.largest_packet;
  unacknowledged_.clear();
  subscribing_.clear();
  refused_.clear();
  handle_->is_ignoring = false;
  lost_.Reset();
  outcome_ = {};
  answered_.Notify();
}

void Client::NotConnected(const Said& said) {
  is_version_refused_ = said.code == kRefusesVersion || said.code == kUnsupportedVersion5 || said.why == kClosed;
  outcome_ = said.code > 0 ? Failure(ErrorCode::kDenied, InWords(said.code)) : Failure(ErrorCode::kRefused, said.why);
  answered_.Notify();
}

void Client::Disconnected(std::string why) {
  if (!connected_) return;
  connected_ = false;
  unacknowledged_.clear();
  subscribing_.clear();
  impatience_.Set({});
  lost_why_ = std::move(why);
  settled_.Notify();
  left_.Notify();
  lost_.Notify();
}

void Client::Acknowledged(const Said& said) {
  Take(unacknowledged_, said.token);
  Settle();
  listeners_.on_acknowledged(said.token);
}

void Client::NotAcknowledged(const Said& said) {
  const Unacknowledged one = Take(unacknowledged_, said.token);
  Settle();
  if (!connected_ || said.code <= 0) return;
  Refused(one.topic, InWords(said.code));
  listeners_.on_denied(said.token);
}

void Client::Subscribed(const Said& said) { Take(subscribing_, said.token); }

void Client::NotSubscribed(const Said& said) {
  const Unacknowledged one = Take(subscribing_, said.token);
  if (!connected_ || said.code <= 0) return;
  const bool has_reason = said.code != kBadSubscribe;
  Refused(one.topic,
          has_reason ? fmt::format("we may not listen there; {}", InWords(said.code)) : "we may not listen there");
}

void Client::Left(const Said&) {
  connected_ = false;
  left_.Notify();
}

Client::Unacknowledged Client::Take(std::deque<Unacknowledged>& from, int token) {
  const auto found = std::find_if(from.begin(), from.end(), [&](const auto& one) { return one.token == token; });
  if (found == from.end()) return {token, "", {}};
  Unacknowledged one = std::move(*found);
  from.erase(found);
  return one;
}

void Client::Settle() {
  if (!unacknowledged_.empty()) return impatience_.Set(unacknowledged_.front().since + patience_);
  impatience_.Set({});
  settled_.Notify();
  if (full_ && connected_ && !leaving_) {
    full_ = false;
    listeners_.on_room();
  }
}

// A broker that answers pings and acknowledges nothing keeps the connection, and nothing arrives.
void Client::LosePatience() {
  Disconnected(fmt::format("it has not acknowledged a message for {} s",
                           std::chrono::ceil<std::chrono::seconds>(patience_).count()));
}

void Client::Refused(const std::string& topic, const std::string& why) {
  if (refused_.insert(topic).second) listeners_.on_refused(fmt::format("{}: {}", topic, why));
}

// ---- On Paho's threads ----

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

void Client::OnLost(void* handle, char* cause) {
  const std::string why = cause && *cause ? cause : "the connection broke";
  static_cast<Handle*>(handle)->Post([why](Client& owner) { owner.Disconnected(why); });
}

// MQTT 5: the broker says why before it ends the connection. OnLost does not come then.
void Client::OnFarewell(void* handle, MQTTProperties*, enum MQTTReasonCodes reason) {
  static_cast<Handle*>(handle)->Post([reason](Client& owner) { owner.Disconnected(InWords(reason)); });
}

}  // namespace aims
