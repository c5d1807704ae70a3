// JSON as this program writes and reads it, over RapidJSON. What is read may be anybody's: nesting of any depth, text
// that is not UTF-8, members of another type; all of it comes out as "not there".

#pragma once

#include <rapidjson/allocators.h>
#include <rapidjson/document.h>
#include <rapidjson/encodings.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/names.h"
#include "base/time.h"

namespace aims {

// RapidJSON's writer, taking string views and members whole. `reuse`: a text that is no longer needed, whose memory is
// taken for the new one.
class JsonWriter {
 public:
  explicit JsonWriter(std::string reuse = {}) : text_(std::move(reuse)) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  JsonWriter& Key(std::string_view key) {
    writer_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
    return *this;
  }
  void Text(std::string_view text) { writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size())); }
  void Number(double number, int decimals) {
    const double whole = std::round(number);
    if (decimals == 0 && whole == number) {
      writer_.Int64(static_cast<int64_t>(whole));
    } else {
      writer_.Double(number);
    }
  }
  // A value that is JSON already.
  void Raw(std::string_view json) { writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType); }
  void Bool(bool value) { writer_.Bool(value); }
  void Null() { writer_.Null(); }

  // A member that is left out where there is nothing to say.
  void TextMember(std::string_view key, std::string_view text) {
    if (!text.empty()) Key(key).Text(text);
  }

  template <typename Members>
  void Object(Members members) {
    writer_.StartObject();
    members();
    writer_.EndObject();
  }
  template <typename Elements>
  void Array(Elements elements) {
    writer_.StartArray();
    elements();
    writer_.EndArray();
  }

  std::string TakeText() { return text_.Take(); }

 private:
  // RapidJSON's idea of an output stream.
  class Stream {
   public:
    using Ch = char;
    explicit Stream(std::string reuse) : text_(std::move(reuse)) { text_.clear(); }
    void Put(char c) {
      if (used_ == sizeof piece_) Flush();
      piece_[used_++] = c;
    }
    void Flush() { text_.append(piece_, std::exchange(used_, 0)); }
    std::string Take() {
      Flush();
      return std::move(text_);
    }

   private:
    std::string text_;
    size_t used_ = 0;
    char piece_[256];
  };
  using Pool = rapidjson::MemoryPoolAllocator<>;
  static constexpr size_t kForNesting = 1024;  // bytes: more levels than are ever written

  Stream text_;
  alignas(std::max_align_t) char nesting_[kForNesting];
  Pool pool_{nesting_, sizeof nesting_};
  rapidjson::Writer<Stream, rapidjson::UTF8<>, rapidjson::UTF8<>, Pool> writer_{text_, &pool_};
};

// False for text that is not UTF-8. RapidJSON's validation looks at bytes alone: "\\udc90", which is half a character,
// passes it and becomes text that could not be read again.
inline bool IsUtf8(std::string_view text) {
  rapidjson::MemoryStream from(text.data(), text.size());
  rapidjson::StringBuffer to;
  while (from.Tell() < text.size()) {
    if (!rapidjson::UTF8<>::Validate(from, to)) return false;
  }
  return from.Tell() == text.size();
}

// A document of ours: an object whose member "version" is `version`. Nothing: it is none.
inline std::optional<rapidjson::Document> ParseVersioned(std::string_view json, int version) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  rapidjson::Document document;
  document.Parse<kFlags>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return {};
  const auto found = document.FindMember("version");
  if (found == document.MemberEnd() || !found->value.IsInt() || found->value.GetInt() != version) return {};
  return document;
}

// Reads the members of one object into values of their own types. A member that is missing, or of another type or
// range, is noted: `is_good` tells at the end whether all was there and right.
class Members {
 public:
  using Value = rapidjson::Value;

  explicit Members(const Value& object) : object_(object), is_good_(object.IsObject()) {}

  bool is_good() const { return is_good_; }
  bool Check(bool is_right) { return is_good_ = is_good_ && is_right; }

  // The member, or null where there is none: that alone is not wrong.
  const Value* Find(const char* key) const {
    if (!object_.IsObject()) return nullptr;
    const auto found = object_.FindMember(key);
    return found == object_.MemberEnd() ? nullptr : &found->value;
  }

  void Read(const char* key, bool& into) {
    const Value* value = Find(key);
    if (Check(value && value->IsBool())) into = value->GetBool();
  }
  void Read(const char* key, double& into, double least, double most) {
    const Value* value = Find(key);
    if (!Check(value && value->IsNumber())) return;
    into = value->GetDouble();
    Check(into >= least && into <= most);
  }
  template <typename Whole>
  void ReadWhole(const char* key, Whole& into, int64_t most) {
    const Value* value = Find(key);
    if (!Check(value && value->IsInt64() && value->GetInt64() >= 0 && value->GetInt64() <= most)) return;
    into = static_cast<Whole>(value->GetInt64());
  }
  void Read(const char* key, std::string& into) {
    const Value* value = Find(key);
    if (!Check(value && value->IsString())) return;
    into.assign(value->GetString(), value->GetStringLength());
    Check(IsUtf8(into));
  }
  void Read(const char* key, WallTime& into) {
    std::string text;
    Read(key, text);
    const auto time = ParseTime(text);
    if (Check(time.has_value())) into = *time;
  }
  // One of an enumeration's words (names.h).
  template <typename Enum>
  void ReadName(const char* key, const auto& words, Enum& into) {
    std::string word;
    Read(key, word);
    const auto value = FromName<Enum>(words, word);
    if (Check(value.has_value())) into = *value;
  }
  // The same where null says that nothing is known.
  template <typename Type, typename... Range>
  void Read(const char* key, std::optional<Type>& into, Range... range) {
    const Value* value = Find(key);
    if (!Check(value) || value->IsNull()) return;
    Read(key, into.emplace(), range...);
  }
  // The elements of a list of at most `most`; none where it is something else.
  const Value* List(const char* key, size_t most) {
    const Value* value = Find(key);
    return Check(value && value->IsArray() && value->Size() <= most) ? value : nullptr;
  }

 private:
  const Value& object_;
  bool is_good_;
};

}  // namespace aims
