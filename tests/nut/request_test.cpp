#include "nut/request.h"

#include <doctest/doctest.h>

#include <string_view>

using namespace aims::nut;
using Found = RequestReader::Found;

namespace {

// All requests in `bytes`.
std::vector<Words> Parse(std::string_view bytes) {
  RequestReader reader;
  std::vector<Words> requests;
  for (const char byte : bytes) {
    if (reader.Add(byte) == Found::kRequest) requests.push_back(reader.words());
  }
  return requests;
}

Found Last(std::string_view bytes) {
  RequestReader reader;
  Found found = Found::kNothing;
  for (const char byte : bytes) found = reader.Add(byte);
  return found;
}

}  // namespace

TEST_CASE("blanks of every kind part words, and only a line feed ends a request") {
  CHECK(Parse("GET VAR ups ups.status\n") == std::vector<Words>{{"GET", "VAR", "ups", "ups.status"}});
  CHECK(Parse("VER\r\nHELP\r\r\n") == std::vector<Words>{{"VER"}, {"HELP"}});
  CHECK(Parse(" \t GET\vVAR\f x \n") == std::vector<Words>{{"GET", "VAR", "x"}});
  CHECK(Parse("VER\r").empty());
  CHECK(Parse("\n\n") == std::vector<Words>{{}, {}});
}

TEST_CASE("quotes group words, also none, and a backslash takes the next byte as it is") {
  CHECK(Parse("PASSWORD \"a b\" \"\" c\n") == std::vector<Words>{{"PASSWORD", "a b", "", "c"}});
  CHECK(Parse(R"(x a\ b "c\"d\\e" \#f)"
              "\n") == std::vector<Words>{{"x", "a b", "c\"d\\e", "#f"}});
  CHECK(Parse("a\"b\n") == std::vector<Words>{{"a\"b"}});  // a quote inside a word is one of its bytes
}

TEST_CASE("an equals sign is a word of its own") {
  CHECK(Parse("SET a=b = c\n") == std::vector<Words>{{"SET", "a", "=", "b", "=", "c"}});
  CHECK(Parse("==\n") == std::vector<Words>{{"=", "="}});
}

TEST_CASE("what follows a # is a comment, and inside quotes it spoils the request") {
  CHECK(Parse("VER# GET \"x\n") == std::vector<Words>{{"VER"}});
  CHECK(Parse("# nothing\n") == std::vector<Words>{{}});
  CHECK(Last("PASSWORD \"a#") == Found::kGarbled);
  RequestReader reader;
  for (const char byte : std::string_view("LOGIN \"a#")) reader.Add(byte);
  for (const char byte : std::string_view("VER")) CHECK(reader.Add(byte) == Found::kNothing);
  CHECK(reader.Add('\n') == Found::kRequest);
  CHECK(reader.words() == Words{"VER"});
}

TEST_CASE("a line feed inside quotes is dropped, and one after a backslash joins two lines") {
  CHECK(Parse("x \"a\nb\"\n") == std::vector<Words>{{"x", "ab"}});
  CHECK(Parse("x a\\\nb\n") == std::vector<Words>{{"x", "ab"}});
  CHECK(Parse("x \"a\\\nb\"\n") == std::vector<Words>{{"x", "ab"}});
}

TEST_CASE("bytes that are not of a word are dropped, but they begin one") {
  CHECK(Parse("GET \xff VAR\n") == std::vector<Words>{{"GET", "", "VAR"}});
  CHECK(Parse(std::string_view("a\0b\x01\x7f\n", 6)) == std::vector<Words>{{"ab\x7f"}});
}

TEST_CASE("long words are cut, and many are dropped") {
  const auto cut = Parse(std::string(600, 'x') + " y\n");
  REQUIRE(cut.size() == 1);
  CHECK(cut[0][0].size() == RequestReader::kLongestWord);
  CHECK(cut[0][1] == "y");
  std::string many;
  for (int i = 0; i < 40; ++i) many += "w=";
  CHECK(Parse(many + "\n")[0].size() == RequestReader::kMostWords);
}

TEST_CASE("a request of more than 4 KiB is too long, however little of it counts") {
  CHECK(Last(std::string(RequestReader::kLongestRequest, ' ')) == Found::kNothing);
  CHECK(Last(std::string(RequestReader::kLongestRequest, ' ') + " ") == Found::kTooLong);
  CHECK(Last("#" + std::string(RequestReader::kLongestRequest, 'x')) == Found::kTooLong);
}
