// What a UPS has to say: one row for each variable, and for each instant command.
// Pure. The names are those of NUT's docs/nut-names.txt; a variable is there while its value is known.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "inverter/command.h"
#include "nut/ups.h"

namespace aims::nut {

struct Variable {
  std::string_view name;  // in lower case
  std::string_view description;
  // ASCII without quotes and backslashes, which clients do not understand, of at most kLongestValue bytes. Nothing:
  // unknown, and then it is as if there were no such variable.
  std::optional<std::string> (*value)(const Ups&);
  bool is_number = false;
};

inline constexpr size_t kLongestValue = 128;

// Sorted by name.
std::span<const Variable> Variables();

struct InstantCommand {
  std::string_view name;
  std::string_view description;
  Command command;
  std::optional<Command> otherwise{};  // sent where `command` is so already
};

// Sorted by name. Those that the owner does not allow are not there (IsOffered).
std::span<const InstantCommand> InstantCommands();
inline bool IsOffered(const InstantCommand& row, const Ups& ups) {
  return IsAllowed(row.command, ups.inverter().device().permissions);
}

// The row called `name`, in upper or lower case; null: there is none.
const Variable* FindVariable(std::string_view name);
const InstantCommand* FindCommand(std::string_view name);

// `text` as a value: what is not ASCII becomes '?', a quote or a backslash an apostrophe or a slash.
std::string ForNut(std::string_view text);

// True where both are the same but for upper and lower case.
bool IsSame(std::string_view a, std::string_view b);

}  // namespace aims::nut
