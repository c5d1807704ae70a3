#include "files.h"

#include <doctest/doctest.h>

#include "temporary.h"

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
  for (const std::string& missing : {directory / "none", directory.path()}) {
    const auto text = ReadFile(missing, 10);
    REQUIRE_FALSE(text);
    CHECK(text.error().code == ErrorCode::kAbsent);
    CHECK(text.error().message.find(missing) != std::string::npos);
  }
}
