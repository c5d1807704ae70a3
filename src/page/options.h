// Where the web page is served: as the owner says, or behind Home Assistant.
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

// In Home Assistant, which shows the page to its users (ingress), it is served to the Supervisor alone.
struct Ingress {
  std::string peer;  // the Supervisor's address
  uint16_t port = kPagePort;
};

}  // namespace aims
