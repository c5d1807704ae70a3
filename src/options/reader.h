// Reads one group of options, member by member: what is given, what is wrong with it, and which members there are that
// have no meaning. Knows the forms that a value can take, and no option by its name but `password` and `users`, where
// what is there is never shown. Pure.

#pragma once

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aims {

// A line for each mistake and each warning, which names the option by its path.
struct Findings {
  std::vector<std::string> mistakes;
  std::vector<std::string> warnings;
};

// The options' JSON: numbers come as their text, so that a number and its text are the same. Nesting of any depth. An
// empty result: it is none, and `findings` has the mistake.
std::optional<rapidjson::Document> ParseOptionsText(std::string_view json, Findings& findings);

// What a value looks like in a message: one line, of bounded length, whatever is in it.
std::string Shown(const rapidjson::Value& value);

size_t CountCharacters(std::string_view utf8);

// "a, b or c"
std::string ListOf(const auto& choices) {
  std::string list;
  for (size_t i = 0; i < std::size(choices); ++i) {
    if (i > 0) list += i + 1 == std::size(choices) ? " or " : ", ";
    list += fmt::format("{}", choices[i]);
  }
  return list;
}

class Section {
 public:
  using Json = rapidjson::Value;

  // `path`: "mqtt." and the like; empty at the root.
  Section(const Json& object, std::string path, Findings& findings)
      : object_(object), path_(std::move(path)), findings_(findings) {}

  // The member, or null where it is not given: absent, null, or an empty string.
  const Json* Find(std::string_view key);

  void Mistake(std::string_view key, const std::string& what);
  void Warning(std::string_view key, const std::string& what);
  // `accepts` ends the sentence "it takes …".
  void Refuse(std::string_view key, const Json& value, std::string_view accepts);
  void WarnOfUnknown();

  // Each reads the member into `into`, which holds the default and keeps it where nothing good is given.
  void Read(std::string_view key, std::string& into);  // of one line
  void Read(std::string_view key, bool& into);
  void Read(std::string_view key, double& into, double least, double most, std::string_view unit);
  void Read(std::string_view key, std::optional<double>& into, double least, double most, std::string_view unit);
  // In seconds, with their fractions.
  void Read(std::string_view key, std::chrono::milliseconds& into, double least, double most);
  void Read(std::string_view key, std::optional<std::chrono::milliseconds>& into, double least, double most);
  // In seconds, rounded up.
  void Read(std::string_view key, std::chrono::seconds& into, std::chrono::seconds least, std::chrono::seconds most);
  void ReadPort(std::string_view key, uint16_t& into);
  // An absolute path; `such_as`: an example.
  void ReadPath(std::string_view key, std::string& into, std::string_view such_as);
  // A single level of a topic.
  void ReadLevel(std::string_view key, std::string& into);

  // Has `read` read each entry of the list `key` as a section; an entry that is no group of options is a mistake.
  void ReadEntries(std::string_view key, const Json& list, const std::function<void(Section&)>& read);

  // One of `choices`, numbers or words: its place among them. "not set" is not given: Home Assistant's form makes radio
  // buttons of a short list, which cannot be cleared.
  std::optional<size_t> Choice(std::string_view key, const auto& choices) {
    const Json* value = Find(key);
    if (!value || IsText(*value, "not set")) return {};
    for (size_t i = 0; i < std::size(choices); ++i) {
      if (IsText(*value, fmt::format("{}", choices[i]))) return i;
    }
    Refuse(key, *value, ListOf(choices));
    return {};
  }

 private:
  static bool IsText(const Json& value, std::string_view text);

  const Json& object_;
  std::string path_;
  Findings& findings_;
  std::set<std::string_view, std::less<>> known_;
};

}  // namespace aims
