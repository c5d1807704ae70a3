#include "mqtt/client.h"

#include <doctest/doctest.h>

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/mqtt/mosquitto.h"

using namespace aims;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kMostUnacknowledged = 64;

// A client whose executor is driven by the test.
struct Driven {
  asio::io_context context;
  std::vector<Message> messages;
  int rooms = 0;
  std::vector<int> told;
  std::vector<int> denied;
  std::vector<std::string> ignored;
  std::vector<std::string> refused;
  Resolver resolver{context.get_executor()};
  Client mqtt;

  explicit Driven(const std::string& id, std::chrono::milliseconds patience = Client::kPatience,
                  int most = kMostUnacknowledged)
      : mqtt(context.get_executor(), resolver, id, most,
             {.on_message = [this](const Message& message) { messages.push_back(message); },
              .on_room = [this] { ++rooms; },
              .on_acknowledged = [this](int token) { told.push_back(token); },
              .on_denied = [this](int token) { denied.push_back(token); },
              .on_ignored = [this](const std::string& why) { ignored.push_back(why); },
              .on_refused = [this](const std::string& what) { refused.push_back(what); }},
             patience) {}

  bool Until(const std::function<bool()>& done, std::chrono::milliseconds limit = 10s) {
    const auto end = Clock::now() + limit;
    while (!done() && Clock::now() < end) {
      context.restart();
      context.run_for(10ms);
    }
    return done();
  }

  Result<void> Connect(const Broker& broker, std::chrono::milliseconds limit = Client::kAnswerLimit) {
    std::optional<Result<void>> result;
    asio::co_spawn(context, mqtt.Connect(broker, "base/bridge", limit),
                   [&](std::exception_ptr, Result<void> outcome) { result = std::move(outcome); });
    REQUIRE(Until([&] { return result.has_value(); }, 20s));
    return *result;
  }

  void Leave() {
    bool left = false;
    asio::co_spawn(context, mqtt.Leave(Clock::now() + 1s), [&](std::exception_ptr) { left = true; });
    REQUIRE(Until([&] { return left; }));
  }

  const Message* Find(const std::string& topic) const {
    for (const auto& message : messages) {
      if (message.topic == topic) return &message;
    }
    return nullptr;
  }
};

// A broker that answers each CONNECT as it is told, by the protocol's level (4 is MQTT 3.1.1), and then only reads.
struct ScriptedBroker {
  using Answer = std::function<std::string(int level)>;  // empty: it closes the connection

  asio::ip::tcp::acceptor acceptor;
  Answer answer;
  std::vector<int> levels;

  ScriptedBroker(asio::io_context& context, Answer how)
      : acceptor(context, {asio::ip::make_address("127.0.0.1"), 0}), answer(std::move(how)) {
    asio::co_spawn(context, Serve(), asio::detached);
  }
  asio::awaitable<void> Serve() {
    while (true) {
      auto peer = co_await acceptor.async_accept(asio::use_awaitable);
      asio::co_spawn(acceptor.get_executor(), Serve(std::move(peer)), asio::detached);
    }
  }
  asio::awaitable<void> Serve(asio::ip::tcp::socket peer) {
    std::array<char, 1024> bytes;
    std::error_code failure;
    co_await peer.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failure));
    const int level = bytes[8];
    levels.push_back(level);
    const std::string reply = answer(level);
    if (reply.empty()) co_return;
    co_await asio::async_write(peer, asio::buffer(reply), asio::redirect_error(asio::use_awaitable, failure));
    while (!failure) {
      const size_t got =
          co_await peer.async_read_some(asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failure));
      const bool is_subscribe = got > 4 && static_cast<unsigned char>(bytes[0]) == 0x82;
      if (failure || !is_subscribe) continue;
      // SUBACK of MQTT 5 or 3.1.1: not authorized, or failure.
      const std::string id(bytes.data() + 2, 2);
      const std::string denial =
          level == 5 ? std::string("\x90\x04", 2) + id + std::string("\x00\x87", 2) : "\x90\x03" + id + "\x80";
      co_await asio::async_write(peer, asio::buffer(denial), asio::redirect_error(asio::use_awaitable, failure));
    }
  }
  Broker Here() const { return {"127.0.0.1", acceptor.local_endpoint().port()}; }
};

const std::string kWelcome("\x20\x02\x00\x00", 4);       // CONNACK of 3.1.1
const std::string kWelcome5("\x20\x03\x00\x00\x00", 5);  // CONNACK of 5

Broker At(const Mosquitto& mosquitto) {
  Broker broker;
  broker.host = "127.0.0.1";
  broker.port = mosquitto.port();
  return broker;
}

}  // namespace

TEST_CASE("what is published arrives, retained where it should be") {
  Mosquitto mosquitto;
  Driven client("a");
  REQUIRE(client.Connect(At(mosquitto)));
  CHECK(client.mqtt.Publish("base/x", "1", Retain::kYes));
  CHECK(client.mqtt.Publish("base/y", "2", Retain::kNo));
  client.Leave();
  CHECK_FALSE(client.mqtt.Publish("base/x", "3", Retain::kYes));

  Driven later("b");
  REQUIRE(later.Connect(At(mosquitto)));
  later.mqtt.Subscribe("base/#");
  REQUIRE(later.Until([&] { return later.Find("base/x"); }));
  CHECK(later.Find("base/x")->payload == "1");
  CHECK(later.Find("base/x")->retained);
  CHECK_FALSE(later.Find("base/y"));
  CHECK_FALSE(later.Find("base/bridge"));  // it took its leave: no will
}

TEST_CASE("whoever is cut off has left a will") {
  Mosquitto mosquitto;
  Driven watcher("watcher");
  REQUIRE(watcher.Connect(At(mosquitto)));
  watcher.mqtt.Subscribe("base/bridge");
  // A client of the same name pushes the first one out.
  Driven first("same");
  REQUIRE(first.Connect(At(mosquitto)));
  std::optional<std::string> why;
  asio::co_spawn(first.context, first.mqtt.Lost(),
                 [&](std::exception_ptr, std::optional<std::string> reason) { why = std::move(reason); });
  Driven second("same");
  REQUIRE(second.Connect(At(mosquitto)));
  CHECK(first.Until([&] { return why.has_value(); }));
  CHECK_FALSE(first.mqtt.is_connected());
  REQUIRE(watcher.Until([&] { return watcher.Find("base/bridge"); }));
  CHECK(watcher.Find("base/bridge")->payload == "offline");
}

TEST_CASE("a broker that restarts is connected to again") {
  Mosquitto mosquitto;
  Driven client("a");
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.Connect(At(mosquitto)));
    mosquitto.Stop();
    CHECK(client.Until([&] { return !client.mqtt.is_connected(); }));
    const auto refused = client.Connect(At(mosquitto));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kRefused);
    mosquitto.Start();
  }
}

TEST_CASE("what was on its way when the connection broke is not sent over the next one") {
  Mosquitto mosquitto;
  Driven client("a");
  REQUIRE(client.Connect(At(mosquitto)));
  mosquitto.Freeze();
  for (int i = 0; i < kMostUnacknowledged; ++i) client.mqtt.Publish("base/old", std::string(100'000, 'x'), Retain::kNo);
  mosquitto.Stop();
  CHECK(client.Until([&] { return !client.mqtt.is_connected(); }));
  mosquitto.Start();
  Driven watcher("b");
  REQUIRE(watcher.Connect(At(mosquitto)));
  watcher.mqtt.Subscribe("base/#");
  watcher.Until([] { return false; }, 200ms);
  REQUIRE(client.Connect(At(mosquitto)));
  REQUIRE(client.mqtt.Publish("base/new", "1", Retain::kNo));
  REQUIRE(watcher.Until([&] { return watcher.Find("base/new"); }));
  CHECK(watcher.ignored.empty());
  CHECK(watcher.messages.size() == 1);
}

TEST_CASE("a connection that stands is not lost, however long one waits") {
  Mosquitto mosquitto;
  Driven client("a");
  REQUIRE(client.Connect(At(mosquitto)));
  bool done = false;
  std::optional<std::string> why = "?";
  asio::co_spawn(client.context, client.mqtt.Lost(Clock::now() + 100ms),
                 [&](std::exception_ptr, std::optional<std::string> reason) {
                   why = std::move(reason);
                   done = true;
                 });
  CHECK(client.Until([&] { return done; }));
  CHECK_FALSE(why);
}

TEST_CASE("a refused login is told apart from a broker that is not there") {
  Mosquitto mosquitto("allow_anonymous false\n");
  Driven client("a");
  CHECK(client.Connect(At(mosquitto)).error().code == ErrorCode::kDenied);
  Broker broker = At(mosquitto);
  broker.username = "u";
  broker.password = "wrong";
  CHECK(client.Connect(broker).error().code == ErrorCode::kDenied);
  broker.host = "no-such-host.invalid";
  CHECK(client.Connect(broker).error().code == ErrorCode::kAbsent);
}

TEST_CASE("a CA file that cannot be read is the option's fault") {
  Driven client("a");
  Broker broker;
  broker.host = "127.0.0.1";
  broker.port = 1;
  broker.tls = true;
  broker.ca_file = "/no/such/ca.crt";
  const auto refused = client.Connect(broker);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kBadOption);
  CHECK(refused.error().message.find("/no/such/ca.crt") != std::string::npos);
}

TEST_CASE("a broker that accepts and says nothing costs the CONNACK limit, no more") {
  asio::io_context context;
  asio::ip::tcp::acceptor silent(context, {asio::ip::make_address("127.0.0.1"), 0});
  Driven client("a");
  Broker broker;
  broker.host = "127.0.0.1";
  broker.port = silent.local_endpoint().port();
  const auto start = Clock::now();
  CHECK(client.Connect(broker).error().code == ErrorCode::kRefused);
  CHECK(Clock::now() - start < 12s);  // Paho looks at its limits now and then
}

TEST_CASE("while a frozen broker acknowledges nothing, the queue is bounded; with its word there is room again") {
  Mosquitto mosquitto;
  Driven client("a");
  REQUIRE(client.Connect(At(mosquitto)));
  mosquitto.Freeze();
  int taken = 0;
  for (int i = 0; i < 1000; ++i) taken += client.mqtt.Publish("base/x", "1", Retain::kNo) ? 1 : 0;
  CHECK(taken == kMostUnacknowledged);
  CHECK(client.rooms == 0);
  mosquitto.Thaw();
  CHECK(client.Until([&] { return client.rooms == 1; }));
  CHECK(client.mqtt.Publish("base/x", "1", Retain::kNo));
}

TEST_CASE("what the broker has acknowledged is named by its token, in order") {
  Mosquitto mosquitto;
  Driven client("a");
  REQUIRE(client.Connect(At(mosquitto)));
  std::vector<int> sent;
  for (int i = 0; i < 10; ++i) sent.push_back(*client.mqtt.Publish("base/x", "1", Retain::kNo));
  CHECK(client.Until([&] { return client.told == sent; }));
  mosquitto.Freeze();
  REQUIRE(client.mqtt.Publish("base/x", "1", Retain::kNo));
  CHECK_FALSE(client.Until([&] { return client.told.size() > 10; }, 200ms));
  mosquitto.Stop();  // it never will
  CHECK(client.Until([&] { return !client.mqtt.is_connected(); }));
  CHECK(client.told.size() == 10);
}

// paho.mqtt.c #152 and #190: onFailure was never called. Nobody can make Paho do that, so here it is only slow.
TEST_CASE("a client that does not come to an end is abandoned, and its late word disturbs nobody") {
  asio::io_context context;
  asio::ip::tcp::acceptor silent(context, {asio::ip::make_address("127.0.0.1"), 0});
  Mosquitto mosquitto;
  Driven client("a");
  Broker broker;
  broker.host = "127.0.0.1";
  broker.port = silent.local_endpoint().port();
  CHECK(client.Connect(broker, 100ms).error().code == ErrorCode::kTimeout);
  REQUIRE(client.Connect(At(mosquitto)));
  CHECK_FALSE(client.Until([&] { return !client.mqtt.is_connected(); }, 5s));  // its limit of 3 s is over by then
  CHECK(client.mqtt.Publish("base/x", "1", Retain::kNo));
  CHECK(client.Until([&] { return client.told.size() == 1; }));
}

// It was posted to an executor that was gone, as AddressSanitizer told where it came late enough; only that can tell.
TEST_CASE("an abandoned client's word finds nobody, not even an executor") {
  asio::io_context context;
  asio::ip::tcp::acceptor silent(context, {asio::ip::make_address("127.0.0.1"), 0});
  Broker broker;
  broker.host = "127.0.0.1";
  broker.port = silent.local_endpoint().port();
  CHECK(Driven("a").Connect(broker, 100ms).error().code == ErrorCode::kTimeout);
  std::this_thread::sleep_for(Client::kConnectLimit + 2s);
}

TEST_CASE("large messages are not for us, and that is said once for each connection") {
  Mosquitto mosquitto;
  Driven client("a");
  for (size_t i = 1; i <= 2; ++i) {
    Driven sender("b");
    REQUIRE(sender.Connect(At(mosquitto)));
    REQUIRE(client.Connect(At(mosquitto)));
    client.messages.clear();
    client.mqtt.Subscribe("in/#");
    client.Until([] { return false; }, 200ms);
    for (int k = 0; k < 3; ++k) REQUIRE(sender.mqtt.Publish("in/large", std::string(8000, 'x'), Retain::kNo));
    REQUIRE(sender.mqtt.Publish("in/small", "x", Retain::kNo));
    REQUIRE(client.Until([&] { return client.Find("in/small"); }));
    CHECK_FALSE(client.Find("in/large"));
    REQUIRE(client.ignored.size() == i);
    CHECK(client.ignored.back().find("in/large") != std::string::npos);
    mosquitto.Stop();
    client.Until([&] { return !client.mqtt.is_connected(); });
    mosquitto.Start();
  }
}

TEST_CASE("a flood is cut to what can be read, and said once") {
  Mosquitto mosquitto;
  Driven client("a");
  Driven sender("b");
  REQUIRE(client.Connect(At(mosquitto)));
  REQUIRE(sender.Connect(At(mosquitto)));
  client.mqtt.Subscribe("in/#");
  client.Until([] { return false; }, 200ms);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 50; ++i) sender.mqtt.Publish("in/flood", "on\xff", Retain::kNo);
    sender.Until([&] { return sender.told.size() == 50u * (round + 1); });  // nobody runs the client meanwhile
  }
  client.Until([] { return false; }, 500ms);
  CHECK(client.messages.size() >= static_cast<size_t>(Client::kMostMessagesWaiting));
  CHECK(client.messages.size() < 150);
  CHECK(client.ignored.size() == 1);
}

TEST_CASE("a broker that does not know MQTT 5 is spoken to in 3.1.1 at once, and from then on") {
  Driven client("a");
  const auto refusals = std::to_array<std::string>({
      {"\x20\x02\x00\x01", 4},      // a 3.1.1 broker's word for it
      {"\x20\x03\x00\x84\x00", 5},  // that of MQTT 5
      {},                           // it closes the connection
  });
  for (const std::string& refusal : refusals) {
    CAPTURE(refusal);
    ScriptedBroker old(client.context, [&](int level) { return level == 4 ? kWelcome : refusal; });
    const auto start = Clock::now();
    REQUIRE(client.Connect(old.Here()));
    CHECK(Clock::now() - start < 5s);  // Paho takes a second for each
    CHECK(client.mqtt.version() == MqttVersion::k311);
    CHECK(old.levels == std::vector{5, 4});
    REQUIRE(client.Connect(old.Here()));
    CHECK(old.levels == std::vector{5, 4, 4});
  }
}

TEST_CASE(
    "a refused login is not taken for a broker that does not know MQTT 5, and no broker is forgotten for a pause") {
  Driven client("a");
  bool is_closed = true;
  ScriptedBroker broker(client.context, [&](int level) -> std::string {
    if (is_closed) return "";
    return level == 5 ? std::string("\x20\x03\x00\x86\x00", 5) : kWelcome;
  });
  CHECK_FALSE(client.Connect(broker.Here()));  // it closes both: it may be starting
  is_closed = false;
  const auto refused = client.Connect(broker.Here());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kDenied);
  CHECK(refused.error().message == "it refused the login");
  CHECK(broker.levels == std::vector{5, 4, 5});
}

// Bug: these were taken for a connection that did not come about, and the log asked for mqtt.tls.
TEST_CASE("a broker that refuses us is quoted") {
  Driven client("a");
  std::string answer;
  ScriptedBroker broker(client.context, [&](int) { return answer; });
  for (const auto& [code, words] : {std::pair('\x88', "not available"), {'\x8a', "banned"}, {'\x85', "client id"}}) {
    answer = std::string("\x20\x03\x00", 3) + code + std::string(1, '\0');
    const auto refused = client.Connect(broker.Here());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kDenied);
    CHECK(refused.error().message.find(words) != std::string::npos);
  }
}

// Bug: 250 MB on the birth topic took 493 MB of memory, again at each start if they were retained.
TEST_CASE("a broker with MQTT 5 keeps large messages to itself, and our own words, too") {
  Mosquitto mosquitto;
  Driven client("a");
  Driven sender("b");
  REQUIRE(client.Connect(At(mosquitto)));
  REQUIRE(sender.Connect(At(mosquitto)));
  CHECK(client.mqtt.version() == MqttVersion::k5);
  client.mqtt.Subscribe("in/#");
  client.Until([] { return false; }, 200ms);
  REQUIRE(client.mqtt.Publish("in/own", "x", Retain::kNo));
  REQUIRE(sender.mqtt.Publish("in/large", std::string(Client::kLargestPacket + 1, 'x'), Retain::kNo));
  REQUIRE(sender.mqtt.Publish("in/small", "x", Retain::kNo));
  REQUIRE(client.Until([&] { return client.Find("in/small"); }));
  CHECK(client.messages.size() == 1);
  CHECK(client.ignored.empty());
}

TEST_CASE("what the broker denies is said once for each topic and connection") {
  const TemporaryDirectory directory;
  directory.Write("acl", "topic readwrite ok/#\n");
  std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));  // mosquitto is another user
  Mosquitto mosquitto("allow_anonymous true\nacl_file " + directory / "acl" + "\n");
  Driven client("a");
  for (size_t round = 1; round <= 2; ++round) {
    REQUIRE(client.Connect(At(mosquitto)));
    const auto denied = client.mqtt.Publish("base/x", "1", Retain::kNo);
    const auto taken = client.mqtt.Publish("ok/x", "1", Retain::kNo);
    client.mqtt.Publish("base/x", "1", Retain::kNo);
    REQUIRE(client.Until([&] { return client.denied.size() == 2 * round && client.refused.size() == round; }));
    CHECK(client.denied[2 * round - 2] == denied);
    CHECK(client.told.back() == taken);
    CHECK(client.refused.back().find("base/x: ") == 0);
    mosquitto.Stop();
    client.Until([&] { return !client.mqtt.is_connected(); });
    mosquitto.Start();
  }
}

TEST_CASE("a subscription that the broker denies is said, in either version") {
  for (const bool knows_5 : {true, false}) {
    Driven client("a");
    ScriptedBroker broker(client.context, [&](int level) {
      if (level == 5) return knows_5 ? kWelcome5 : "";
      return kWelcome;
    });
    REQUIRE(client.Connect(broker.Here()));
    client.mqtt.Subscribe("base/y");
    client.mqtt.Subscribe("base/y");
    REQUIRE(client.Until([&] { return !client.refused.empty(); }));
    client.Until([] { return false; }, 300ms);
    REQUIRE(client.refused.size() == 1);
    CHECK(client.refused[0].find("base/y: we may not listen there") == 0);
  }
}

TEST_CASE("a message that is larger than the broker takes is not sent, and said") {
  Mosquitto mosquitto("allow_anonymous true\nmax_packet_size 2000\n");
  Driven client("a");
  REQUIRE(client.Connect(At(mosquitto)));
  CHECK_FALSE(client.mqtt.Publish("base/x", std::string(2000, 'x'), Retain::kNo));
  CHECK(client.mqtt.Publish("base/x", std::string(1900, 'x'), Retain::kNo));
  REQUIRE(client.refused.size() == 1);
  CHECK(client.Until([&] { return client.told.size() == 1; }));
}

// Bug: such a broker was trusted for ever.
TEST_CASE("a broker that acknowledges nothing is left after a while, and can be connected to again") {
  Driven client("a", 200ms);
  ScriptedBroker broker(client.context, [](int level) { return level == 5 ? kWelcome5 : kWelcome; });
  for (int round = 0; round < 2; ++round) {
    REQUIRE(client.Connect(broker.Here()));
    std::optional<std::string> why;
    asio::co_spawn(client.context, client.mqtt.Lost(),
                   [&](std::exception_ptr, std::optional<std::string> reason) { why = std::move(reason); });
    client.Until([] { return false; }, 300ms);
    CHECK_FALSE(why);  // nothing waits for its word
    REQUIRE(client.mqtt.Publish("base/x", "1", Retain::kNo));
    REQUIRE(client.Until([&] { return why.has_value(); }, 2s));
    CHECK(why->find("not acknowledged") != std::string::npos);
    CHECK_FALSE(client.mqtt.Publish("base/x", "1", Retain::kNo));
  }
}

// Bug: Paho refused the 121st message of sixty-four inverters, behind a broker that takes 20 at once; "online" was
// among those that were lost.
TEST_CASE("as many messages as the program may have on their way are taken at once, whatever the broker takes") {
  Mosquitto mosquitto;
  Driven client("a", Client::kPatience, 600);
  REQUIRE(client.Connect(At(mosquitto)));
  mosquitto.Freeze();
  for (int i = 0; i < 200; ++i) CHECK(client.mqtt.Publish("base/many", std::to_string(i), Retain::kNo));
  mosquitto.Thaw();
  CHECK(client.Until([&] { return client.told.size() == 200; }, 30s));
}
