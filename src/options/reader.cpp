#include "options/reader.h"

#include <rapidjson/error/en.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "homeassistant/topics.h"

namespace aims {
namespace {

using std::string_view;
using Json = rapidjson::Value;

// The parser keeps no stack that nesting could overflow; text that is not UTF-8 is refused.
constexpr unsigned kParseFlags =
    rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;

constexpr size_t kMostShown = 80;

string_view TextOf(const Json& value) { return {value.GetString(), value.GetStringLength()}; }

bool BeginsCharacter(char byte) { return (byte & 0xc0) != 0x80; }

bool HasControls(string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

bool IsOneLine(string_view text) { return !HasControls(text) && IsUtf8(text); }

std::optional<double> NumberIn(const Json& value) {
  if (!value.IsString()) return {};
  const auto number = ToNumber<double>(TextOf(value));
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::chrono::milliseconds InMilliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::llround(seconds * 1000)));
}

constexpr string_view kSeconds = " (seconds)";

}  // namespace

std::optional<rapidjson::Document> ParseOptionsText(string_view json, Findings& findings) {
  rapidjson::Document document;
  document.Parse<kParseFlags>(json.data(), json.size());
  if (document.HasParseError()) {
    findings.mistakes.push_back(fmt::format("this is not JSON: {} (at byte {})",
                                            rapidjson::GetParseError_En(document.GetParseError()),
                                            document.GetErrorOffset()));
    return {};
  }
  if (!document.IsObject()) {
    findings.mistakes.push_back(fmt::format("this is {}, not a group of options", Shown(document)));
    return {};
  }
  return document;
}

size_t CountCharacters(string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), BeginsCharacter));
}

std::string Shown(const Json& value) {
  if (value.IsObject()) return "a group of options";
  if (value.IsArray()) return "a list";
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (!value.IsString()) return "nothing";
  string_view text = TextOf(value);
  const bool cut = CountCharacters(text) > kMostShown;
  if (cut) {
    size_t characters = 0;
    const auto end =
        std::find_if(text.begin(), text.end(), [&](char c) { return BeginsCharacter(c) && ++characters > kMostShown; });
    text = text.substr(0, static_cast<size_t>(end - text.begin()));
  }
  const bool is_utf8 = IsUtf8(text);
  std::string shown = "\"";
  for (const char c : text)
    shown += HasControls({&c, 1}) || (!is_utf8 && static_cast<unsigned char>(c) > '~') ? '?' : c;
  return shown + (cut ? "…\"" : "\"");
}

const Json* Section::Find(string_view key) {
  known_.insert(key);
  const auto member = object_.FindMember(Json(rapidjson::StringRef(key.data(), key.size())));
  if (member == object_.MemberEnd() || member->value.IsNull()) return nullptr;
  if (member->value.IsString() && member->value.GetStringLength() == 0) return nullptr;
  return &member->value;
}

void Section::Mistake(string_view key, const std::string& what) {
  findings_.mistakes.push_back(fmt::format("{}{}: {}", path_, key, what));
}

void Section::Warning(string_view key, const std::string& what) {
  findings_.warnings.push_back(fmt::format("{}{}: {}", path_, key, what));
}

void Section::Refuse(string_view key, const Json& value, string_view accepts) {
  const bool secret = key == "password" || key.starts_with("users");
  Mistake(key, fmt::format("{} is not accepted; it takes {}", secret ? "what it holds" : Shown(value), accepts));
}

void Section::WarnOfUnknown() {
  for (const auto& member : object_.GetObject()) {
    if (known_.contains(TextOf(member.name))) continue;
    Warning(Shown(member.name), "there is no such option; it is ignored");
  }
}

void Section::Read(string_view key, std::string& into) {
  const Json* value = Find(key);
  if (!value) return;
  if (!value->IsString() || !IsOneLine(TextOf(*value))) return Refuse(key, *value, "a text of one line");
  into = TextOf(*value);
}

void Section::Read(string_view key, bool& into) {
  const Json* value = Find(key);
  if (!value) return;
  const bool is_true = value->IsBool() ? value->GetBool() : IsText(*value, "true");
  if (!value->IsBool() && !is_true && !IsText(*value, "false")) return Refuse(key, *value, "true or false");
  into = is_true;
}

void Section::Read(string_view key, double& into, double least, double most, string_view unit) {
  const Json* value = Find(key);
  if (!value) return;
  const auto number = NumberIn(*value);
  if (!number || *number < least || *number > most) {
    return Refuse(key, *value, fmt::format("a number from {} to {}{}", least, most, unit));
  }
  into = *number;
}

void Section::Read(string_view key, std::optional<double>& into, double least, double most, string_view unit) {
  if (!Find(key)) return;
  double number = least - 1;
  Read(key, number, least, most, unit);
  if (number >= least) into = number;
}

void Section::Read(string_view key, std::chrono::milliseconds& into, double least, double most) {
  double seconds = std::chrono::duration<double>(into).count();
  Read(key, seconds, least, most, kSeconds);
  into = InMilliseconds(seconds);
}

void Section::Read(string_view key, std::optional<std::chrono::milliseconds>& into, double least, double most) {
  if (Find(key)) Read(key, into.emplace(), least, most);
}

void Section::Read(string_view key, std::chrono::seconds& into, std::chrono::seconds least, std::chrono::seconds most) {
  const auto count = [](std::chrono::seconds time) { return static_cast<double>(time.count()); };
  double seconds = count(into);
  Read(key, seconds, count(least), count(most), kSeconds);
  into = std::chrono::seconds(static_cast<int64_t>(std::ceil(seconds)));
}

void Section::ReadPort(string_view key, uint16_t& into) {
  const Json* value = Find(key);
  if (!value) return;
  const auto number = NumberIn(*value);
  if (!number || *number < 1 || *number > 65535 || *number != std::floor(*number)) {
    return Refuse(key, *value, "a whole number from 1 to 65535");
  }
  into = static_cast<uint16_t>(*number);
}

void Section::ReadLevel(string_view key, std::string& into) {
  std::string text = into;
  Read(key, text);
  if (!IsTopicLevel(text)) return Refuse(key, *Find(key), "letters, digits, _ and -");
  into = text;
}

void Section::ReadPath(string_view key, std::string& into, string_view such_as) {
  Read(key, into);
  if (!into.empty() && !into.starts_with('/')) {
    Refuse(key, *Find(key), fmt::format("the path of a file, such as {}", such_as));
  }
}

void Section::ReadEntries(string_view key, const Json& list, const std::function<void(Section&)>& read) {
  for (rapidjson::SizeType i = 0; i < list.Size(); ++i) {
    const std::string place = fmt::format("{}[{}]", key, i);
    if (!list[i].IsObject()) {
      Refuse(place, list[i], "a group of options");
      continue;
    }
    Section section(list[i], fmt::format("{}{}.", path_, place), findings_);
    read(section);
  }
}

bool Section::IsText(const Json& value, string_view text) { return value.IsString() && TextOf(value) == text; }

}  // namespace aims
