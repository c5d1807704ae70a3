#include "mqtt/diagnosis.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <asio/connect.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>

#include "io/deadline.h"

namespace aims {
namespace {

using asio::ip::tcp;

// What the verification of a certificate found, and what to do about it.
std::string Judge(long verdict, const std::string& host) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid yet; is the clock right?";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("its certificate is for another name than {}; set mqtt.host to the certificate's name", host);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "its certificate was signed by an authority that is not trusted; set mqtt.ca_file to that authority's";
    default:
      return fmt::format("its certificate is not accepted: {}", X509_verify_cert_error_string(verdict));
  }
}

void ExpectName(SSL* ssl, const std::string& host) {
  std::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (not_an_address) {
    SSL_set_tlsext_host_name(ssl, host.c_str());
    SSL_set1_host(ssl, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  }
}

}  // namespace

asio::awaitable<std::string> Diagnose(asio::any_io_executor executor, Resolver& resolver, Broker broker,
                                      std::string otherwise, std::chrono::milliseconds limit) {
  std::error_code failure;
  asio::ssl::context context(asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(asio::ssl::verify_peer, failure);
  if (!broker.tls) {
    // nothing to judge: the authorities would take two megabytes
  } else if (broker.ca_file.empty()) {
    context.set_default_verify_paths(failure);
  } else if (context.load_verify_file(broker.ca_file, failure); failure) {
    co_return fmt::format("mqtt.ca_file: {} holds no certificate", broker.ca_file);
  }

  const auto addresses = co_await resolver.Find(broker.host);
  if (!addresses) co_return addresses.error().message;
  const auto endpoints = AtPort(*addresses, broker.port);

  const auto stream = std::make_shared<asio::ssl::stream<tcp::socket>>(executor, context);
  const Deadline deadline(executor, limit, [stream] {
    std::error_code ignored;
    stream->lowest_layer().close(ignored);
  });
  co_await asio::async_connect(stream->lowest_layer(), endpoints, asio::redirect_error(asio::use_awaitable, failure));
  if (deadline.is_over()) co_return "it does not answer; is the address right, is a firewall between?";
  if (failure) co_return failure.message();
  if (!broker.tls) co_return fmt::format("{}; if it wants TLS, set mqtt.tls", otherwise);

  SSL* ssl = stream->native_handle();
  ExpectName(ssl, broker.host);
  co_await stream->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, failure));
  if (!failure) co_return otherwise;
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) co_return Judge(verdict, broker.host);
  co_return fmt::format("no TLS came about on this port ({}); does the broker speak TLS 1.2 or newer there?",
                        deadline.is_over() ? "no answer" : failure.message());
}

}  // namespace aims
