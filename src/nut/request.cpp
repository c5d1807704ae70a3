#include "nut/request.h"

namespace aims::nut {
namespace {

bool IsBlank(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

bool IsOfWord(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  return code >= 0x20 && code <= 0x7f;
}

}  // namespace

RequestReader::Found RequestReader::Add(char byte) {
  if (is_new_) {
    words_.clear();
    in_ = In::kGap;
    length_ = 0;
    is_new_ = false;
  }
  if (++length_ > kLongestRequest) return Ended(Found::kTooLong);
  switch (in_) {
    case In::kGap:
      if (byte == '\n') return Ended(Found::kRequest);
      if (byte == '#') {
        in_ = In::kComment;
      } else if (byte == '\\') {
        Begin(In::kWordEscape);
      } else if (byte == '"') {
        Begin(In::kQuotes);
      } else if (!IsBlank(byte)) {
        Begin(In::kWord);
        Keep(byte);
        if (byte == '=') in_ = In::kGap;
      }
      break;
    case In::kWord:
      if (byte == '\n') return Ended(Found::kRequest);
      if (byte == '#') {
        in_ = In::kComment;
      } else if (byte == '\\') {
        in_ = In::kWordEscape;
      } else if (byte == '=') {
        Begin(In::kGap);
        Keep(byte);
      } else if (IsBlank(byte)) {
        in_ = In::kGap;
      } else {
        Keep(byte);
      }
      break;
    case In::kWordEscape:
      Keep(byte);
      in_ = In::kWord;
      break;
    case In::kQuotes:
      if (byte == '#') return Ended(Found::kGarbled);
      if (byte == '"') {
        in_ = In::kGap;
      } else if (byte == '\\') {
        in_ = In::kQuotesEscape;
      } else {
        Keep(byte);
      }
      break;
    case In::kQuotesEscape:
      Keep(byte);
      in_ = In::kQuotes;
      break;
    case In::kComment:
      if (byte == '\n') return Ended(Found::kRequest);
      break;
  }
  return Found::kNothing;
}

RequestReader::Found RequestReader::Ended(Found found) {
  is_new_ = true;
  return found;
}

void RequestReader::Begin(In in) {
  in_ = in;
  is_kept_ = words_.size() < kMostWords;
  if (is_kept_) words_.emplace_back();
}

// A line's end inside a word is dropped with the other bytes that are none of a word's.
void RequestReader::Keep(char byte) {
  if (is_kept_ && IsOfWord(byte) && words_.back().size() < kLongestWord) words_.back() += byte;
}

}  // namespace aims::nut
