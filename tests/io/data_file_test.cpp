#include "io/data_file.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/io/temporary.h"

using namespace aims;
namespace fs = std::filesystem;

namespace {

// A record that is one word, and no word but "good".
struct Word {
  std::string text;

  static Result<Word> FromJson(std::string_view json) {
    if (json == "good") return Word{"good"};
    return Failure(ErrorCode::kBadReply, "it is no word");
  }
};

std::string TextOf(const std::string& path) { return ReadFile(path, 1000).value_or("none"); }

}  // namespace

TEST_CASE("a file that is not there is an empty record, and no trouble") {
  TemporaryDirectory directory;
  DataFile file(directory.path(), "word");
  CHECK(file.Load<Word>().text.empty());
  CHECK(fs::is_empty(directory.path()));
}

TEST_CASE("what was saved is loaded again") {
  TemporaryDirectory directory;
  CHECK(DataFile(directory.path(), "word").Save("good"));
  CHECK(DataFile(directory.path(), "word").Load<Word>().text == "good");
  CHECK((fs::status(directory / "word").permissions() & fs::perms::others_all) == fs::perms::none);
  CHECK_FALSE(fs::exists(directory / "word.new"));
}

TEST_CASE("what is there already is not written again: flash wears") {
  TemporaryDirectory directory;
  DataFile file(directory.path(), "word");
  file.Save("good");
  fs::remove(directory / "word");
  CHECK(file.Save("good"));
  CHECK_FALSE(fs::exists(directory / "word"));
}

TEST_CASE("a bad file is set aside, not written over") {
  TemporaryDirectory directory;
  directory.Write("word", "bad");
  DataFile file(directory.path(), "word");
  CHECK(file.Load<Word>().text.empty());
  CHECK(TextOf(directory / "word.bad") == "bad");
  CHECK(file.Save("good"));
  CHECK(TextOf(directory / "word") == "good");
  CHECK(TextOf(directory / "word.bad") == "bad");
}

TEST_CASE("a huge file, or a directory of that name, is set aside as well") {
  TemporaryDirectory directory;
  const std::string path = directory.Write("huge", "x");
  fs::resize_file(path, 2 << 20);
  fs::create_directory(directory / "folder");
  for (const char* name : {"huge", "folder"}) {
    CAPTURE(name);
    DataFile file(directory.path(), name);
    CHECK(file.Load<Word>().text.empty());
    CHECK(fs::exists(directory / (std::string(name) + ".bad")));
    CHECK(file.Save("good"));
  }
}

TEST_CASE("a bad file that cannot be set aside is left as it is") {
  TemporaryDirectory directory;
  directory.Write("word", "bad");
  fs::create_directories(directory / "word.bad/in the way");
  DataFile file(directory.path(), "word");
  CHECK(file.Load<Word>().text.empty());
  CHECK_FALSE(file.Save("good"));
  CHECK(TextOf(directory / "word") == "bad");
  fs::remove_all(directory / "word.bad");
  CHECK(file.Save("good"));
  CHECK(TextOf(directory / "word.bad") == "bad");
}

TEST_CASE("a directory that is not there costs the record, not the program, and may come back") {
  TemporaryDirectory directory;
  DataFile file(directory / "data", "word");
  CHECK(file.Load<Word>().text.empty());
  CHECK_FALSE(file.Save("good"));
  fs::create_directory(directory / "data");
  CHECK(file.Save("good"));
}
