// Where an inverter is reached: what the options `device` and `address`, and the argument of --probe, say.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace aims {

struct SerialPort {
  std::string path;  // a tty, or a link to one, as /dev/serial/by-id/…
};
struct TcpBridge {
  std::string host;  // a name or an address
  uint16_t port = 0;
};
struct SimulatedInverter {};
struct AnyAdapter {};  // the one serial adapter that is free and no radio stick

using Address = std::variant<SerialPort, TcpBridge, SimulatedInverter, AnyAdapter>;

inline constexpr std::string_view kAddressForms =
    "tcp://host:port of a serial-to-network bridge, simulator://, or the path of a serial device that begins with /";

// `text` is none of kAddressForms: kBadOption, whose message says what is wrong.
Result<Address> ParseAddress(std::string_view text);

// As it is written in the options: "tcp://[::1]:4000".
std::string ToString(const Address& address);

}  // namespace aims
