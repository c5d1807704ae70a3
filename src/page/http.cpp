#include "page/http.h"

#include <algorithm>
#include <array>

namespace aims::page {
namespace {

using std::string_view;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decoded(string_view text, bool is_query) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && is_query) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (i + 2 >= text.size()) return {};
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return {};
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

string_view Until(string_view text, char end) { return text.substr(0, text.find(end)); }

string_view After(string_view text, char begin) {
  const size_t found = text.find(begin);
  return found == string_view::npos ? string_view() : text.substr(found + 1);
}

std::string Lower(string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

bool IsPort(string_view text) {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "192.168.1.20"
bool IsIpv4(string_view text) {
  int parts = 0;
  while (true) {
    const string_view part = Until(text, '.');
    if (part.empty() || part.size() > 3 || !IsPort(part)) return false;
    ++parts;
    if (part.size() == text.size()) return parts == 4;
    text.remove_prefix(part.size() + 1);
  }
}

// What is inside of "[fe80::1]". No name that looks like that can be registered.
bool IsIpv6(string_view text) {
  return text.find(':') != string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return HexDigit(c) >= 0 || c == ':' || c == '.'; });
}

}  // namespace

std::optional<Target> ParseTarget(string_view target) {
  if (!target.starts_with('/')) return {};
  target = Until(target, '#');
  auto path = Decoded(Until(target, '?'), /*is_query=*/false);
  if (!path) return {};
  Target parsed{*std::move(path), {}};
  string_view query = After(target, '?');
  while (!query.empty()) {
    const string_view pair = Until(query, '&');
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const auto key = Decoded(Until(pair, '='), /*is_query=*/true);
    auto value = Decoded(After(pair, '='), /*is_query=*/true);
    if (!key || !value) return {};
    parsed.query[*key] = *std::move(value);
  }
  return parsed;
}

bool IsThisMachine(string_view host, string_view machine) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    if (end == string_view::npos) return false;
    const string_view rest = host.substr(end + 1);
    const bool has_good_port = rest.empty() || (rest.starts_with(':') && IsPort(rest.substr(1)));
    return has_good_port && IsIpv6(host.substr(1, end - 1));
  }
  if (!IsPort(After(host, ':'))) return false;
  std::string name = Lower(Until(host, ':'));
  if (name.ends_with('.')) name.pop_back();
  if (IsIpv4(name) || name == "localhost") return true;
  const std::string own = Lower(machine);
  if (own.empty()) return false;
  if (name == own) return true;
  constexpr std::array<string_view, 5> kEndings{"", ".local", ".lan", ".home.arpa", ".internal"};
  const string_view alone = Until(own, '.');
  return std::any_of(kEndings.begin(), kEndings.end(), [&](string_view ending) {
    return name.size() == alone.size() + ending.size() && name.starts_with(alone) && name.ends_with(ending);
  });
}

}  // namespace aims::page
