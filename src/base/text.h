// Text of others: as it can be shown, on one line and read as it stands; and as a number.
// Pure.

#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace aims {

// `text` with a '?' for each byte that is not UTF-8, and for each character that does something other than being
// shown: control characters (C0 and C1), line and paragraph separators, and those that turn the direction of writing
// (Unicode Standard Annex #9, section 2), with which a line can be made to read like another.
std::string OneLine(std::string_view text);

// All of `text` as a number, in digits; nothing: it is none, or it does not fit.
template <typename Number>
std::optional<Number> ToNumber(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

}  // namespace aims
