#include "supervisor/supervisor.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <optional>
#include <string>

using namespace aims;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

const std::string kData =
    R"({"result":"ok","data":{"host":"core-mosquitto","port":"1883","ssl":false,"protocol":"3.1.1"}})";

std::string Http(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A peer that answers one request with `answer`, after `pause`, and hangs up or not.
struct FakeSupervisor {
  enum class Then { kHangUp, kStay };

  asio::io_context context;
  Resolver resolver{context.get_executor()};
  tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.1"), 0}};
  std::string answer;
  std::chrono::milliseconds pause{0};
  Then then = Then::kHangUp;
  std::string request;
  std::optional<tcp::socket> peer;

  asio::awaitable<void> Serve() {
    peer.emplace(co_await acceptor.async_accept(asio::use_awaitable));
    std::error_code failure;
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    auto buffer = asio::dynamic_buffer(request);
    co_await asio::async_read_until(*peer, buffer, "\r\n\r\n", token);
    asio::steady_timer timer(context, pause);
    co_await timer.async_wait(token);
    co_await asio::async_write(*peer, asio::buffer(answer), token);
    if (then == Then::kHangUp) peer.reset();
  }

  Result<FoundBroker> Ask(std::chrono::milliseconds limit = kSupervisorLimit) {
    const std::string api = "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
    std::optional<Result<FoundBroker>> result;
    asio::co_spawn(context, Serve(), asio::detached);
    asio::co_spawn(context, AskForBroker(context.get_executor(), resolver, {api, "token"}, limit),
                   [&](std::exception_ptr failure, Result<FoundBroker> broker) {
                     if (failure) std::rethrow_exception(failure);
                     result = std::move(broker);
                   });
    while (!result && context.run_one() > 0) {
    }
    REQUIRE(result);
    return *result;
  }
};

}  // namespace

TEST_CASE_FIXTURE(FakeSupervisor, "the broker is asked for with our token") {
  answer = Http("200 OK", kData);
  const auto broker = Ask();
  REQUIRE(broker);
  CHECK(*broker == FoundBroker{"core-mosquitto", 1883, "", "", false});
  CHECK(request.find("GET /services/mqtt HTTP/1.0\r\n") == 0);
  CHECK(request.find("Authorization: Bearer token\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(FakeSupervisor, "a whole answer is enough: nobody waits for the connection's end") {
  answer = Http("200 OK", kData);
  then = Then::kStay;
  CHECK(Ask(10s));
}

TEST_CASE_FIXTURE(FakeSupervisor, "no broker now") {
  answer = Http("400 Bad Request", R"({"result":"error","message":"Service not enabled"})");
  CHECK(Ask().error().code == ErrorCode::kAbsent);
}

TEST_CASE_FIXTURE(FakeSupervisor, "not allowed") {
  answer = Http("403 Forbidden", "");
  CHECK(Ask().error().code == ErrorCode::kDenied);
}

TEST_CASE_FIXTURE(FakeSupervisor, "a bad token") {
  answer = Http("401 Unauthorized", "");
  CHECK(Ask().error().code == ErrorCode::kDenied);
}

TEST_CASE_FIXTURE(FakeSupervisor, "too slow") {
  answer = Http("200 OK", kData);
  pause = 300ms;
  const auto start = std::chrono::steady_clock::now();
  CHECK(Ask(100ms).error().code == ErrorCode::kTimeout);
  CHECK(std::chrono::steady_clock::now() - start < 290ms);
}

TEST_CASE_FIXTURE(FakeSupervisor, "cut short") {
  answer = Http("200 OK", kData);
  answer.resize(answer.size() - 10);
  CHECK(Ask().error().code == ErrorCode::kBadReply);
}

TEST_CASE_FIXTURE(FakeSupervisor, "cut off before a word") { CHECK(Ask().error().code == ErrorCode::kAbsent); }

TEST_CASE_FIXTURE(FakeSupervisor, "megabytes of junk are not read to their end") {
  answer = std::string(16 << 20, 'x');
  CHECK(Ask().error().code == ErrorCode::kBadReply);
}

TEST_CASE_FIXTURE(FakeSupervisor, "megabytes of body are not read to their end") {
  answer = Http("200 OK", std::string(16 << 20, ' '));
  CHECK(Ask().error().code == ErrorCode::kBadReply);
}

TEST_CASE("a Supervisor that is not there") {
  asio::io_context context;
  Resolver resolver(context.get_executor());
  std::optional<Result<FoundBroker>> result;
  asio::co_spawn(context, AskForBroker(context.get_executor(), resolver, {"http://no-such-host.invalid", ""}),
                 [&](std::exception_ptr, Result<FoundBroker> broker) { result = std::move(broker); });
  context.run();
  REQUIRE(result);
  CHECK((*result).error().code == ErrorCode::kAbsent);
}
