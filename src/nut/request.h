// Parts what a client sends into requests, and each request into words, byte by byte.
// Pure. As upsd does (NUT's docs/net-protocol.txt and common/parseconf.c):
//
//   GET VAR "a b" x\n     4 words; \r and other blanks part words, too
//   SET VAR u v = 1\n     = is a word of its own
//   VER # why\n           the rest is a comment
//   a\"b "c\\d"\n         a backslash takes the next byte as it is, and joins two lines
//   "a#b"\n               is garbled: nothing is answered
//
// Bytes outside ASCII are dropped, but they begin a word. A word is cut at 512 bytes, words after the 32nd are dropped.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace aims::nut {

using Words = std::vector<std::string>;

class RequestReader {
 public:
  static constexpr size_t kMostWords = 32;
  static constexpr size_t kLongestWord = 512;
  static constexpr size_t kLongestRequest = 4096;  // bytes, with what is dropped

  enum class Found { kNothing, kRequest, kGarbled, kTooLong };

  // After kRequest, words() are the request's, until the next byte. After kGarbled what follows in the same read is to
  // be thrown away.
  Found Add(char byte);

  const Words& words() const { return words_; }

 private:
  enum class In { kGap, kWord, kWordEscape, kQuotes, kQuotesEscape, kComment };

  Found Ended(Found found);
  void Begin(In in);
  void Keep(char byte);

  In in_ = In::kGap;
  bool is_new_ = true;   // the next byte begins a request
  size_t length_ = 0;    // of the request, so far
  bool is_kept_ = true;  // the word under way is one of the first 32
  Words words_;
};

}  // namespace aims::nut
