#include "wire/link.h"

#include <dirent.h>
#include <doctest/doctest.h>

#include <asio/ip/tcp.hpp>

#include "megatec/q1.h"
#include "tests/io/temporary.h"
#include "tests/megatec/frames.h"
#include "tests/wire/fake_ups.h"
#include "wire/simulated_line.h"

using namespace aims;
using namespace std::chrono_literals;
using asio::ip::tcp;
using Clock = Link::Clock;

namespace {

const std::string kMains(frames::kMains);
const std::string kOutage(frames::kOutage);

// Runs one coroutine to its end.
template <typename T>
T Await(asio::io_context& context, asio::awaitable<T> task) {
  std::optional<T> result;
  asio::co_spawn(context, std::move(task), [&](std::exception_ptr failure, T value) {
    if (failure) std::rethrow_exception(failure);
    result = std::move(value);
  });
  context.restart();
  while (!result && context.run_one() > 0) {
  }
  REQUIRE(result);
  return std::move(*result);
}

std::pair<Descriptor, Descriptor> SocketPair() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// A link, with what opens it.
struct LineTo : Link {
  LineTo(asio::io_context& on, Address address, int baud_rate)
      : Link(on.get_executor()),
        context(on),
        resolver(on.get_executor()),
        opener(on.get_executor(), resolver, std::move(address), baud_rate) {}

  Result<void> Open() {
    Close();
    auto line = Await(context, opener.Open());
    if (!line) return tl::unexpected<Error>(line.error());
    Adopt(std::move(*line));
    return {};
  }

  asio::io_context& context;
  Resolver resolver;
  Opener opener;
};

struct Fixture {
  asio::io_context context;
  std::pair<Descriptor, Descriptor> ends = SocketPair();
  FakeUps ups{context, std::move(ends.second)};
  Link link{context.get_executor()};

  Fixture() { link.Adopt({std::move(ends.first), Opener::kLineSilence}); }
  ~Fixture() { CHECK(ups.IsDone()); }

  Result<std::string> Ask(std::string_view request = "Q1\r") {
    const auto bytes = Await(context, link.Ask(request));
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    return std::string(*bytes);
  }
  void Pass(std::chrono::milliseconds time) {
    context.restart();
    context.run_for(time);
  }
};

size_t OpenDescriptors() {
  size_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder)) ++count;
  ::closedir(folder);
  return count;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a request is sent and its reply comes back") {
  ups.Expect("Q1\r").Reply(kMains);
  CHECK(Ask() == kMains);
}

TEST_CASE_FIXTURE(Fixture, "a reply split byte by byte is put together") {
  auto& exchange = ups.Expect("Q1\r");
  for (const char c : kMains) exchange.Then(2ms, std::string(1, c));
  CHECK(Ask() == kMains);
}

TEST_CASE_FIXTURE(Fixture, "a complete line ends the exchange at once, good or bad") {
  ups.Expect("Q1\r").Reply("(NAK\r");
  const auto start = Clock::now();
  CHECK(Ask() == "(NAK\r");
  CHECK(Clock::now() - start < 45ms);
}

TEST_CASE_FIXTURE(Fixture, "50 ms of silence end a reply that has no CR") {
  ups.Expect("Q1\r").Reply(kMains.substr(0, 46));
  const auto start = Clock::now();
  CHECK(Ask() == kMains.substr(0, 46));
  CHECK(Clock::now() - start >= 50ms);
  CHECK(Clock::now() - start < 900ms);
}

TEST_CASE_FIXTURE(Fixture, "what comes after the silence is not glued to what came before it") {
  ups.Expect("Q1\r").Reply("(111.0 111.0").Then(150ms, " 112.0 000 60.0 13.5 00.0 00001001\r");
  CHECK(Ask() == "(111.0 111.0");
  Pass(200ms);
  ups.Expect("Q1\r").Reply(kOutage);
  CHECK(Ask() == kOutage);
}

TEST_CASE_FIXTURE(Fixture, "an echo does not end the exchange") {
  ups.Expect("Q1\r").Reply("Q1\r").Then(20ms, kMains);
  CHECK(Ask() == "Q1\r" + kMains);
}

TEST_CASE_FIXTURE(Fixture, "an inverter may think after an echo, or after what the last reply left behind") {
  ups.Expect("Q1\r").Reply("Q1\r").Then(150ms, kMains);
  CHECK(Ask() == "Q1\r" + kMains);
  ups.Expect("Q1\r").Reply(std::string("\n\0", 2)).Then(150ms, kMains);
  CHECK(Ask() == std::string("\n\0", 2) + kMains);
}

TEST_CASE_FIXTURE(Fixture, "silence is a timeout after the reply limit, and the link stays open") {
  ups.Expect("Q1\r");
  const auto start = Clock::now();
  CHECK(Ask().error().code == ErrorCode::kTimeout);
  CHECK(Clock::now() - start >= Link::kReplyLimit);
  CHECK(link.is_open());
  ups.Expect("Q1\r").Reply(kMains);
  CHECK(Ask() == kMains);
}

TEST_CASE_FIXTURE(Fixture, "a late reply is not taken for the next one") {
  ups.Expect("Q1\r").Reply(kMains).After(Link::kReplyLimit + 100ms);
  CHECK(Ask().error().code == ErrorCode::kTimeout);
  Pass(200ms);  // it arrives here
  ups.Expect("Q1\r").Reply(kOutage);
  CHECK(Ask() == kOutage);
}

TEST_CASE_FIXTURE(Fixture, "one deadline holds for a line that never stops talking") {
  auto& exchange = ups.Expect("Q1\r");
  for (int i = 0; i < 200; ++i) exchange.Then(10ms, "x");
  const auto start = Clock::now();
  CHECK(Ask());
  CHECK(Clock::now() - start < Link::kReplyLimit + 100ms);
}

TEST_CASE_FIXTURE(Fixture, "rubbish without end fills the buffer, no more") {
  ups.Expect("Q1\r").Reply(std::string(100'000, 'x'));
  const auto bytes = Ask();
  REQUIRE(bytes);
  CHECK(bytes->size() <= 512);
}

TEST_CASE_FIXTURE(Fixture, "a device that goes in mid-reply is gone") {
  ups.Expect("Q1\r").Reply("(111.0").HangUp();
  CHECK(Ask().error().code == ErrorCode::kLinkDown);
  CHECK_FALSE(link.is_open());
}

TEST_CASE_FIXTURE(Fixture, "a rest lasts as long as it should") {
  const auto start = Clock::now();
  CHECK(Await(context, link.Rest(start + 50ms)));
  CHECK(Clock::now() - start >= 50ms);
  CHECK(Await(context, link.Rest(start)));
}

TEST_CASE_FIXTURE(Fixture, "a device that goes while we rest is noticed at once") {
  ups.Expect("Q1\r").Reply(kMains).HangUp();
  CHECK(Ask());
  const auto start = Clock::now();
  CHECK_FALSE(Await(context, link.Rest(start + 5s)));
  CHECK(Clock::now() - start < 1s);
  CHECK_FALSE(link.is_open());
}

TEST_CASE("a pseudo-terminal is asked, and noticed when it is unplugged") {
  asio::io_context context;
  TemporaryDirectory directory;
  auto pty = std::make_unique<Pty>();
  std::filesystem::create_symlink(pty->path, directory / "usb");
  LineTo link(context, SerialPort{directory / "usb"}, 2400);
  REQUIRE(link.Open());
  FakeUps ups(context, std::move(pty->master));
  ups.Expect("Q1\r").Reply(kMains);
  CHECK(*Await(context, link.Ask("Q1\r")) == kMains);

  ups.Expect("Q1\r").HangUp();
  CHECK(Await(context, link.Ask("Q1\r")).error().code == ErrorCode::kLinkDown);

  // Another device behind the same name.
  Pty another;
  std::filesystem::remove(directory / "usb");
  std::filesystem::create_symlink(another.path, directory / "usb");
  FakeUps back(context, std::move(another.master));
  REQUIRE(link.Open());
  back.Expect("Q1\r").Reply(kOutage);
  CHECK(*Await(context, link.Ask("Q1\r")) == kOutage);
}

TEST_CASE("once a reply ended with its line the kernel puts the next one together; one without an end is still heard") {
  asio::io_context context;
  Pty pty;
  LineTo link(context, SerialPort{pty.path}, 2400);
  REQUIRE(link.Open());
  const int inverter = pty.master.get();
  FakeUps ups(context, std::move(pty.master));
  const auto is_by_line = [&] {
    termios line{};
    REQUIRE(::tcgetattr(pty.slave.get(), &line) == 0);
    return (line.c_lflag & ICANON) != 0;
  };
  const auto ask = [&] {
    const auto start = Clock::now();
    const auto bytes = Await(context, link.Ask("Q1\r"));
    return std::pair(std::string(bytes ? *bytes : "none"), Clock::now() - start);
  };
  CHECK_FALSE(is_by_line());
  ups.Expect("Q1\r").Reply(kMains);
  CHECK(ask().first == kMains);
  CHECK(is_by_line());

  auto& exchange = ups.Expect("Q1\r").Reply("Q1\r");
  for (const char c : kOutage) exchange.Then(2ms, std::string(1, c));
  CHECK(ask().first == "Q1\r" + kOutage);

  REQUIRE(::write(inverter, "(late", 5) == 5);  // is not glued to the next
  ups.Expect("Q1\r").Reply(kMains);
  CHECK(ask().first == kMains);

  const std::string unended = kMains.substr(0, 46);
  ups.Expect("Q1\r").Reply(unended);
  const auto [first, first_time] = ask();
  CHECK(first == unended);
  CHECK(first_time >= Link::kReplyLimit);
  CHECK_FALSE(is_by_line());

  ups.Expect("Q1\r").Reply(unended);
  const auto [second, second_time] = ask();
  CHECK(second == unended);
  CHECK(second_time < 900ms);

  ups.Expect("Q1\r").Reply(kMains);
  CHECK(ask().first == kMains);
  CHECK(is_by_line());
  CHECK(ups.IsDone());
}

TEST_CASE("a TCP bridge is asked, by name and by address") {
  asio::io_context context;
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
    LineTo link(context, TcpBridge{host, acceptor.local_endpoint().port()}, 2400);
    REQUIRE(link.Open());
    CHECK(link.opener.name() == "tcp://" + host + ":" + std::to_string(acceptor.local_endpoint().port()));
    FakeUps ups(context, Descriptor(acceptor.accept().release()));
    ups.Expect("Q1\r").Reply("(111.0 111.0 112.0").Then(100ms, " 000 60.0 13.5 00.0 00001001\r");
    CHECK(*Await(context, link.Ask("Q1\r")) == kMains);
    ups.Expect("Q1\r").HangUp();
    CHECK(Await(context, link.Ask("Q1\r")).error().code == ErrorCode::kLinkDown);
  }
}

TEST_CASE("a TCP bridge that closes the connection while we rest is noticed at once; what it says unasked is not") {
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
  LineTo link(context, TcpBridge{"127.0.0.1", acceptor.local_endpoint().port()}, 2400);
  REQUIRE(link.Open());
  tcp::socket peer = acceptor.accept();
  peer.send(asio::buffer(kMains));
  CHECK(Await(context, link.Rest(Clock::now() + 100ms)));
  peer.send(asio::buffer(kMains));
  peer.close();
  const auto start = Clock::now();
  CHECK_FALSE(Await(context, link.Rest(start + 5s)));
  CHECK(Clock::now() - start < 1s);
}

TEST_CASE("a TCP bridge that refuses, or whose name nobody knows, is absent") {
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
  const uint16_t port = acceptor.local_endpoint().port();
  acceptor.close();
  LineTo refusing(context, TcpBridge{"127.0.0.1", port}, 2400);
  CHECK(refusing.Open().error().code == ErrorCode::kAbsent);
  LineTo unknown(context, TcpBridge{"no-such-host.invalid", port}, 2400);
  CHECK(unknown.Open().error().code == ErrorCode::kAbsent);
  CHECK_FALSE(unknown.is_open());
}

TEST_CASE("the simulator is asked through the same link, at the pace of the line") {
  asio::io_context context;
  LineTo link(context, SimulatedInverter{}, 2400);
  REQUIRE(link.Open());
  const auto start = Clock::now();
  const auto bytes = Await(context, link.Ask("Q1\r"));
  const auto took = Clock::now() - start;
  REQUIRE(bytes);
  CHECK(megatec::ParseReply(*bytes, "Q1\r"));
  CHECK(took >= 208ms);  // 3 + 47 bytes of 10 bits at 2400 baud
  CHECK(took < 400ms);
}

TEST_CASE("a hundred openings leave no descriptor behind") {
  asio::io_context context;
  Pty pty;
  LineTo link(context, SerialPort{pty.path}, 2400);
  REQUIRE(link.Open());
  const size_t before = OpenDescriptors();
  for (int i = 0; i < 100; ++i) REQUIRE(link.Open());
  CHECK(OpenDescriptors() == before);
}

TEST_CASE_FIXTURE(Fixture, "a rest can be ended, and a wake-up while nobody rests does nothing") {
  link.Wake();
  const auto start = Clock::now();
  asio::steady_timer timer(context, start + 30ms);
  timer.async_wait([&](std::error_code) { link.Wake(); });
  CHECK(Await(context, link.Rest(start + 5s)));
  CHECK(Clock::now() - start < 2s);
  CHECK(link.is_open());
  ups.Expect("Q1\r").Reply(kMains);
  asio::steady_timer other(context, 1ms);
  other.async_wait([&](std::error_code) { link.Wake(); });
  CHECK(Ask().value_or("") == kMains);
}
