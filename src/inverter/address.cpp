#include "inverter/address.h"

#include <algorithm>

#include "base/text.h"

namespace aims {
namespace {

using std::string_view;

constexpr string_view kTcpScheme = "tcp://";
constexpr string_view kSimulatorScheme = "simulator://";

Result<Address> Wrong(string_view why) { return Failure(ErrorCode::kBadOption, std::string(why)); }

bool IsHostCharacter(char c) { return c > ' ' && c != '/' && c != '@' && c != '[' && c != ']' && c != '\x7f'; }

Result<Address> ParseTcp(string_view rest) {
  const size_t colon = rest.rfind(':');
  if (colon == string_view::npos) return Wrong("the port is missing");
  string_view host = rest.substr(0, colon);
  const string_view digits = rest.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != string_view::npos) {
    return Wrong("an IPv6 address stands in brackets");
  }
  if (host.empty() || !std::all_of(host.begin(), host.end(), IsHostCharacter)) return Wrong("this is not a host");
  const auto port = ToNumber<uint16_t>(digits);
  if (!port || *port == 0) return Wrong("the port is a number from 1 to 65535");
  return TcpBridge{std::string(host), *port};
}

struct Writer {
  std::string operator()(const SerialPort& serial) const { return serial.path; }
  std::string operator()(const TcpBridge& bridge) const {
    const bool bare_v6 = bridge.host.find(':') != std::string::npos;
    return std::string(kTcpScheme) + (bare_v6 ? "[" + bridge.host + "]" : bridge.host) + ":" +
           std::to_string(bridge.port);
  }
  std::string operator()(SimulatedInverter) const { return std::string(kSimulatorScheme); }
  std::string operator()(AnyAdapter) const { return "any serial adapter"; }
};

}  // namespace

Result<Address> ParseAddress(string_view text) {
  const auto is_nul = [](char c) { return c == '\0'; };
  if (std::any_of(text.begin(), text.end(), is_nul)) return Wrong("it holds a NUL");
  if (text.starts_with('/')) return SerialPort{std::string(text)};
  if (text == kSimulatorScheme) return SimulatedInverter{};
  if (text.starts_with(kTcpScheme)) return ParseTcp(text.substr(kTcpScheme.size()));
  return Wrong("this is not an address");
}

std::string ToString(const Address& address) { return std::visit(Writer{}, address); }

}  // namespace aims
