#include "mqtt/diagnosis.h"

#include <doctest/doctest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <optional>

#include "tests/io/temporary.h"

using namespace aims;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

struct Fixture {
  asio::io_context context;
  Resolver resolver{context.get_executor()};
  tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.1"), 0}};
  Broker broker{"127.0.0.1", acceptor.local_endpoint().port()};

  std::string Find(std::chrono::milliseconds limit = 5s) {
    std::optional<std::string> found;
    asio::co_spawn(context, Diagnose(context.get_executor(), resolver, broker, "Paho's word", limit),
                   [&](std::exception_ptr failure, std::string text) {
                     if (failure) std::rethrow_exception(failure);
                     found = std::move(text);
                   });
    context.restart();
    while (!found && context.run_one() > 0) {
    }
    REQUIRE(found);
    return *found;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a name that does not resolve is told as such") {
  broker.host = "no-such-host.invalid";
  CHECK(Find().starts_with("the name "));
}

TEST_CASE_FIXTURE(Fixture, "a port on which nothing listens is told in the system's words") {
  acceptor.close();
  CHECK(Find() == "Connection refused");
}

TEST_CASE_FIXTURE(Fixture, "where all seems well, Paho's word is passed on, and TLS is suggested") {
  CHECK(Find() == "Paho's word; if it wants TLS, set mqtt.tls");
}

TEST_CASE_FIXTURE(Fixture, "a port that does not answer a TLS handshake is given up in time") {
  broker.tls = true;
  CHECK(Find(300ms).starts_with("no TLS came about on this port (no answer)"));
}

TEST_CASE_FIXTURE(Fixture, "a port that speaks something else than TLS is told as such") {
  broker.tls = true;
  std::optional<tcp::socket> peer;
  acceptor.async_accept([&](std::error_code, tcp::socket socket) {
    peer.emplace(std::move(socket));
    asio::write(*peer, asio::buffer(std::string("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")));
  });
  CHECK(Find().starts_with("no TLS came about on this port"));
}

TEST_CASE_FIXTURE(Fixture, "an authority's file that holds no certificate is named") {
  const TemporaryDirectory directory;
  broker.tls = true;
  broker.ca_file = directory.Write("ca.crt", "not a certificate");
  CHECK(Find() == "mqtt.ca_file: " + broker.ca_file + " holds no certificate");
}
