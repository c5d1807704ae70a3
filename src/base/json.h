// JSON as this program writes and reads it, over RapidJSON. Pure. What is read may be anybody's: nesting of any depth,
// text that is not UTF-8, members of another type; all of it comes out as "not there".

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
// passes it and becomes such text, that nobody could read again.
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

// `object`'s member `key`, or null.
inline const rapidjson::Value* Member(const rapidjson::Value& object, const char* key) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(key);
  return found != object.MemberEnd() ? &found->value : nullptr;
}

// The array that is `object`'s member `key`, or null.
inline const rapidjson::Value* ArrayMember(const rapidjson::Value& object, const char* key) {
  const auto* value = Member(object, key);
  return value && value->IsArray() ? value : nullptr;
}

inline std::optional<bool> BoolMember(const rapidjson::Value& object, const char* key) {
  const auto* value = Member(object, key);
  if (!value || !value->IsBool()) return {};
  return value->GetBool();
}

// The text that is `object`'s member `key`.
inline std::optional<std::string> TextMember(const rapidjson::Value& object, const char* key) {
  const auto* value = Member(object, key);
  if (!value || !value->IsString()) return {};
  std::string text(value->GetString(), value->GetStringLength());
  if (!IsUtf8(text)) return {};
  return text;
}

}  // namespace aims
