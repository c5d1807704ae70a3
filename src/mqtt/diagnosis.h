// Why a broker cannot be connected to, in the owner's words. Paho says little ("TCP/TLS connect failure", nothing at
// all for a certificate of another name), so after a failed connection this one looks for itself: name, TCP, and with
// TLS a handshake whose certificate it judges as Paho does.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "io/resolver.h"
#include "mqtt/options.h"

namespace aims {

inline constexpr std::chrono::seconds kDiagnosisLimit{5};

// A sentence about what is wrong, or `otherwise` where nothing was found. Takes at most `limit`, and a name at most as
// long as the resolver says.
asio::awaitable<std::string> Diagnose(asio::any_io_executor executor, Resolver& resolver, Broker broker,
                                      std::string otherwise, std::chrono::milliseconds limit = kDiagnosisLimit);

}  // namespace aims
