#include "io/files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/io/temporary.h"

using namespace aims;

TEST_CASE("a file is read whole, NULs and all") {
  TemporaryDirectory directory;
  const std::string text(10'000, '\0');
  CHECK(*ReadFile(directory.Write("file", text), 10'000) == text);
}

TEST_CASE("a file that is too large, or none, is refused by its name") {
  TemporaryDirectory directory;
  const std::string path = directory.Write("large", std::string(10'001, 'x'));
  CHECK(ReadFile(path, 10'000).error().code == ErrorCode::kRefused);
  CHECK(ReadFile("/dev/zero", 10'000).error().code == ErrorCode::kRefused);
  const std::string fifo = directory / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  for (const std::string& other : {directory.path(), fifo}) {  // a fifo would wait for a writer for ever
    const auto text = ReadFile(other, 10);
    REQUIRE_FALSE(text);
    CHECK(text.error().code == ErrorCode::kRefused);
    CHECK(text.error().message.find(other) != std::string::npos);
  }
  CHECK(ReadFile(directory / "none", 10).error().code == ErrorCode::kAbsent);
}

TEST_CASE("what cannot be written leaves what was there") {
  TemporaryDirectory directory;
  const std::string path = directory.Write("file", "old");
  std::filesystem::create_directory(path + ".new");  // in the way of the new one
  const auto refused = WriteFile(path, "new");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kRefused);
  CHECK(refused.error().message.find(path) != std::string::npos);
  CHECK(*ReadFile(path, 10) == "old");
}

TEST_CASE("a link in the place of the new file is not followed") {
  TemporaryDirectory directory;
  const std::string other = directory.Write("other", "untouched");
  std::filesystem::create_symlink(other, directory / "file.new");
  CHECK_FALSE(WriteFile(directory / "file", "text"));
  CHECK(*ReadFile(other, 10) == "untouched");
  CHECK(WriteFile(directory / "file", "text"));  // and it is out of the way now
}

TEST_CASE("a directory is held by one, and free again when that one is gone") {
  TemporaryDirectory directory;
  {
    const auto held = LockDirectory(directory.path());
    REQUIRE(held);
    const auto second = LockDirectory(directory.path());
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::kBusy);
  }
  CHECK(LockDirectory(directory.path()));
  CHECK(LockDirectory(directory / "none").error().code == ErrorCode::kAbsent);
}

TEST_CASE("bytes are put behind those that are there, and over what was torn") {
  const TemporaryDirectory directory;
  const std::string path = directory / "rows";
  CHECK(WriteAt(path, 0, "abcd"));
  CHECK(WriteAt(path, 4, "efgh"));
  CHECK(WriteAt(path, 4, "EF"));
  CHECK(*ReadFile(path, 100) == "abcdEFgh");
  const auto refused = WriteAt(directory / "none/rows", 0, "x");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("none/rows cannot be written: No such file") != std::string::npos);
}
