#include "base/text.h"

#include <doctest/doctest.h>

using namespace aims;

TEST_CASE("text that can be shown is left as it is") {
  for (const char* text : {"", "utility 111.0 V", "Büro – 12 °C …", "電源", "🔋 100 %"}) CHECK(OneLine(text) == text);
}

// Bug: U+009B begins a terminal's commands as ESC [ does, and only the bytes below a blank were taken out.
TEST_CASE("control characters become question marks, those of two bytes, too") {
  CHECK(OneLine("a\nb\r\tc\x1b[2J\x7f") == "a?b??c?[2J?");
  CHECK(OneLine("a\xc2\x9b"
                "2Jb\xc2\x85") == "a?2Jb?");
  CHECK(OneLine(std::string_view("a\0b", 3)) == "a?b");
}

TEST_CASE("what turns the direction of writing, or breaks the line, or hides, becomes a question mark") {
  CHECK(OneLine("a\xe2\x80\xae"
                "cba\xe2\x81\xa6x\xe2\x80\xa8y\xd8\x9cz\xef\xbb\xbf") == "a?cba?x?y?z?");
}

TEST_CASE("bytes that are not UTF-8 become a question mark each") {
  CHECK(OneLine("a\xff"
                "b") == "a?b");
  CHECK(OneLine("\xc3") == "?");
  CHECK(OneLine("\xe2\x82") == "??");
  CHECK(OneLine("\xc0\xaf") == "??");            // overlong
  CHECK(OneLine("\xed\xa0\x80") == "???");       // half a character
  CHECK(OneLine("\xf4\x90\x80\x80") == "????");  // beyond the last
  CHECK(OneLine("\xf0\x9f\x94x") == "???x");
}
