// The server's certificate: its own, made once and kept below --data, or the owner's. NUT's clients check neither
// unless they are told to; what counts is that passwords are not sent in the clear.

#pragma once

#include <asio/ssl/context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "nut/options.h"

namespace aims::nut {

// A private key and the certificate of it, in PEM; empty: there is none.
struct Certificate {
  std::string pem;
};

// Of P-256, signed by itself, valid for ten years.
Certificate MakeCertificate();

// kBadReply: it is not what MakeCertificate makes, or expired.
Result<Certificate> ParseCertificate(std::string_view pem);

// TLS 1.2 and newer with the owner's files, or with `own` where there are none. kBadOption: the message names the file.
Result<std::shared_ptr<asio::ssl::context>> MakeContext(const NutOptions& options, const Certificate& own);

}  // namespace aims::nut
