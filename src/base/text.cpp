#include "base/text.h"

#include <cstddef>
#include <cstdint>

namespace aims {
namespace {

struct Character {
  uint32_t code;
  size_t size;  // bytes; 0: it is not UTF-8
};

// The first character of `text`, which is not empty.
Character FirstOf(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  constexpr uint32_t kLeast[] = {0x80, 0x800, 0x10000};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  uint32_t code = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast[size - 2] || code > 0x10ffff || is_surrogate) return {};
  return {code, size};
}

bool IsShown(uint32_t code) {
  const bool is_control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const bool is_separator = code == 0x2028 || code == 0x2029;
  const bool turns = code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
                     (code >= 0x2066 && code <= 0x2069);
  const bool is_invisible = code == 0x200b || code == 0xfeff;
  return !is_control && !is_separator && !turns && !is_invisible;
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const Character first = FirstOf(text);
    const bool is_shown = first.size > 0 && IsShown(first.code);
    line += is_shown ? text.substr(0, first.size) : "?";
    text.remove_prefix(first.size > 0 ? first.size : 1);
  }
  return line;
}

}  // namespace aims
