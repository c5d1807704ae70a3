#include "options/draft.h"

#include <rapidjson/pointer.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <array>

#include "options/options.h"

namespace aims {
namespace {

using rapidjson::Pointer;
using rapidjson::Value;
using std::string_view;

Pointer At(string_view place) { return Pointer(place.data(), place.size()); }

// The reader takes a number and its text for the same. A file for a person has numbers, but not for a name or a
// password that looks like one.
bool IsText(string_view place) {
  constexpr std::array<string_view, 5> kTexts{"/name", "/host", "/username", "/password", "/device"};
  return std::any_of(kTexts.begin(), kTexts.end(), [&](string_view end) { return place.ends_with(end); });
}

Value ToValue(string_view place, string_view answer, rapidjson::Document::AllocatorType& allocator) {
  rapidjson::Document scalar;
  if (!IsText(place)) scalar.Parse(answer.data(), answer.size());
  if (!IsText(place) && !scalar.HasParseError() && (scalar.IsNumber() || scalar.IsBool())) {
    return {scalar, allocator};
  }
  return {answer.data(), static_cast<rapidjson::SizeType>(answer.size()), allocator};
}

std::string Written(const rapidjson::Document& json) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  json.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace

Draft::Draft() { json_.Parse(R"({"inverters": [{"name": "AIMS inverter"}], "mqtt": {}})"); }

std::vector<std::string> Draft::Set(string_view place, string_view answer) {
  rapidjson::Document changed;
  changed.CopyFrom(json_, changed.GetAllocator());
  At(place).Set(changed, ToValue(place, answer, changed.GetAllocator()).Move());
  std::vector<std::string> mistakes = ParseOptions(Written(changed)).findings.mistakes;
  if (mistakes.empty()) json_.Swap(changed);
  return mistakes;
}

void Draft::Remove(string_view place) { At(place).Erase(json_); }

bool Draft::Has(string_view place) const { return At(place).Get(json_) != nullptr; }

std::string Draft::ToJson() const { return Written(json_); }

}  // namespace aims
