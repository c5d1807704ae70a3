#include "nut/certificate.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <ctime>
#include <stdexcept>

namespace aims::nut {
namespace {

template <auto Free>
struct Freed {
  void operator()(auto* thing) const { Free(thing); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;

constexpr time_t kYear = 365L * 24 * 3600;
constexpr time_t kProgramIsOlder = 1764547200;  // 2025-12-01: a clock that says less is wrong

void Require(bool is_done) {
  if (!is_done) throw std::runtime_error("OpenSSL cannot make a certificate");
}

Memory InMemory(std::string_view text) { return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::shared_ptr<asio::ssl::context> EmptyContext() {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  std::error_code ignored;
  context->set_password_callback([](auto, auto) { return std::string(); }, ignored);  // not the terminal
  SSL_CTX_set_session_cache_mode(context->native_handle(), SSL_SESS_CACHE_OFF);
  return context;
}

}  // namespace

Certificate MakeCertificate() {
  const Key key(EVP_EC_gen("P-256"));
  const X509Certificate certificate(X509_new());
  Require(key && certificate);
  X509* x509 = certificate.get();
  uint64_t serial = 0;
  Require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1);
  const time_t now = std::max(std::time(nullptr), kProgramIsOlder);
  Require(X509_set_version(x509, X509_VERSION_3) == 1);
  Require(ASN1_TIME_set(X509_getm_notBefore(x509), kProgramIsOlder) != nullptr);
  Require(ASN1_TIME_set(X509_getm_notAfter(x509), now + 10 * kYear) != nullptr);
  X509_NAME* name = X509_get_subject_name(x509);
  const auto* text = reinterpret_cast<const unsigned char*>("aims-inverter-mqtt");
  Require(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1);
  Require(X509_set_issuer_name(x509, name) == 1 && X509_set_pubkey(x509, key.get()) == 1);
  Require(X509_sign(x509, key.get(), EVP_sha256()) > 0);

  const Memory memory(BIO_new(BIO_s_mem()));
  Require(memory && PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  Require(PEM_write_bio_X509(memory.get(), x509) == 1);
  const char* pem = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &pem);
  return {std::string(pem, static_cast<size_t>(size))};
}

Result<Certificate> ParseCertificate(std::string_view pem) {
  const Key key(PEM_read_bio_PrivateKey(InMemory(pem).get(), nullptr, nullptr, nullptr));
  const X509Certificate certificate(PEM_read_bio_X509(InMemory(pem).get(), nullptr, nullptr, nullptr));
  if (!key || !certificate || X509_check_private_key(certificate.get(), key.get()) != 1) {
    return Failure(ErrorCode::kBadReply, "it is not a key and its certificate");
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    return Failure(ErrorCode::kBadReply, "the certificate has expired");
  }
  return Certificate{std::string(pem)};
}

Result<std::shared_ptr<asio::ssl::context>> MakeContext(const NutOptions& options, const Certificate& own) {
  auto context = EmptyContext();
  std::error_code failure;
  if (options.cert_file.empty()) {
    const auto pem = asio::buffer(own.pem);
    context->use_certificate_chain(pem, failure);
    if (!failure) context->use_private_key(pem, asio::ssl::context::pem, failure);
    if (failure) return Failure(ErrorCode::kBadOption, "its own certificate is not usable: " + failure.message());
    return context;
  }
  const auto unusable = [&](std::string_view option, const std::string& path) {
    return Failure(ErrorCode::kBadOption,
                   fmt::format("nut.{}: {} cannot be used: {}", option, path, failure.message()));
  };
  context->use_certificate_chain_file(options.cert_file, failure);
  if (failure) return unusable("cert_file", options.cert_file);
  context->use_private_key_file(options.key_file, asio::ssl::context::pem, failure);
  if (failure) return unusable("key_file", options.key_file);
  return context;
}

}  // namespace aims::nut
