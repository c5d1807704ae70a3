// Enumerations and their words: a list of the words stands beside each enumeration, in its order.
// Pure.

#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

namespace aims {

// The value of `Enum` whose word is exactly `word`; nothing: it has no such value.
template <typename Enum>
constexpr std::optional<Enum> FromName(const auto& words, std::string_view word) {
  const auto found = std::find(std::begin(words), std::end(words), word);
  if (found == std::end(words)) return {};
  return static_cast<Enum>(found - std::begin(words));
}

template <typename Enum>
constexpr std::string_view NameIn(const auto& words, Enum value) {
  return words[static_cast<size_t>(value)];
}

}  // namespace aims
