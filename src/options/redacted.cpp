#include "options/redacted.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace aims {
namespace {

using std::string_view;

bool IsSecret(string_view key) {
  constexpr std::array<string_view, 4> kWords{"pass", "secret", "token", "pwd"};
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::any_of(kWords.begin(), kWords.end(), [&](string_view word) {
    return std::search(key.begin(), key.end(), word.begin(), word.end(), same) != key.end();
  });
}

// Passes what RapidJSON reads on to its writer, but for secret values, with all that is in them.
class Redactor {
 public:
  using Size = rapidjson::SizeType;

  std::string text() const { return {out_.GetString(), out_.GetSize()}; }

  bool Null() {
    return Scalar([&] { return writer_.Null(); });
  }
  bool Bool(bool value) {
    return Scalar([&] { return writer_.Bool(value); });
  }
  bool Int(int) { return false; }  // numbers come as their text
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
  bool RawNumber(const char* text, Size size, bool) {
    return Scalar([&] { return writer_.RawValue(text, size, rapidjson::kNumberType); });
  }
  bool String(const char* text, Size size, bool copy) {
    return Scalar([&] { return writer_.String(text, size, copy); });
  }
  bool StartObject() {
    return Start([&] { return writer_.StartObject(); });
  }
  bool StartArray() {
    return Start([&] { return writer_.StartArray(); });
  }
  bool EndObject(Size count) {
    return End([&] { return writer_.EndObject(count); });
  }
  bool EndArray(Size count) {
    return End([&] { return writer_.EndArray(count); });
  }
  bool Key(const char* text, Size size, bool copy) {
    if (hidden_depth_ > 0) return true;
    is_secret_ = IsSecret({text, size});
    return writer_.Key(text, size, copy);
  }

 private:
  bool Hide() {
    is_secret_ = false;
    return writer_.String("(hidden)");
  }
  bool Scalar(auto write) {
    if (hidden_depth_ > 0) return true;
    return is_secret_ ? Hide() : write();
  }
  bool Start(auto write) {
    if (hidden_depth_ > 0 || is_secret_) {
      ++hidden_depth_;
      return hidden_depth_ > 1 || Hide();
    }
    return write();
  }
  bool End(auto write) {
    if (hidden_depth_ == 0) return write();
    --hidden_depth_;
    return true;
  }

  rapidjson::StringBuffer out_;
  rapidjson::Writer<rapidjson::StringBuffer> writer_{out_};
  bool is_secret_ = false;
  size_t hidden_depth_ = 0;
};

}  // namespace

std::string WithoutSecrets(string_view json) {
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
  rapidjson::MemoryStream in(json.data(), json.size());
  rapidjson::Reader reader;
  Redactor redactor;
  if (!reader.Parse<kFlags>(in, redactor)) return "{}";
  return redactor.text();
}

}  // namespace aims
