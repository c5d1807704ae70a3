#include "base/text.h"

#include <rapidjson/encodings.h>
#include <rapidjson/memorystream.h>

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
  rapidjson::MemoryStream from(text.data(), text.size());
  unsigned code = 0;
  if (!rapidjson::UTF8<>::Decode(from, &code)) return {};
  return {code, from.Tell()};
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
