// What a browser asks for, as far as it is ours.
// Pure. The target of a request is taken apart, and its Host is held against this machine's names.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace aims::page {

struct Request {
  enum class Method { kGet, kHead, kOther };
  Method method = Method::kGet;
  std::string_view target;               // "/api/history?range=24h" (RFC 9112, section 3.2.1)
  std::optional<std::string_view> host;  // the field Host
};

struct Target {
  std::string path;                          // "/api/history"
  std::map<std::string, std::string> query;  // of a key that comes twice, the last
};

// Nothing: it is no path of a server's, or not encoded as RFC 3986, section 2.1 asks for.
std::optional<Target> ParseTarget(std::string_view target);

// True for an IP address, `localhost`, and `machine`, alone or followed by .local, .lan, .home.arpa or .internal. What
// else leads here may be another site that a browser was sent to (DNS rebinding).
bool IsThisMachine(std::string_view host, std::string_view machine);

}  // namespace aims::page
