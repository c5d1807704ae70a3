// What the owner says of the web page, where there is no Home Assistant to show it.
// Pure.

#pragma once

#include <cstdint>
#include <string>

namespace aims {

inline constexpr uint16_t kPagePort = 8099;  // Home Assistant's default for an app's own page (ingress)

struct WebOptions {
  bool enabled = true;
  std::string address = "127.0.0.1";  // where it listens, as an IP address
  uint16_t port = kPagePort;
};

}  // namespace aims
