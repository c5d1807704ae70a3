#include "page/row.h"

#include <doctest/doctest.h>

using namespace aims::page;

namespace {

std::vector<Row> TwoRows() {
  Row first{1'700'000'000, {120, 121, 122}, {1100, 1150, 1200}, {}, {1, 2, 3}, {80, 85, 90}, 40};
  Row second = first;
  second.begin += 600;
  return {first, second};
}

}  // namespace

TEST_CASE("rows are read back as they were kept, 32 bytes each") {
  const std::string bytes = ToBytes(TwoRows());
  CHECK(bytes.size() == 64);
  const KeptRows kept = FromBytes(bytes);
  CHECK(kept.rows == TwoRows());
  CHECK(kept.damaged == 0);
}

TEST_CASE("a row that was torn off at the end is none, and no damage") {
  const std::string bytes = ToBytes(TwoRows());
  const KeptRows kept = FromBytes(std::string_view(bytes).substr(0, 50));
  CHECK(kept.rows.size() == 1);
  CHECK(kept.damaged == 0);
}

TEST_CASE("each changed byte makes a row a damaged one, and the others are used") {
  const std::string good = ToBytes(TwoRows());
  for (size_t at = 0; at < kRowBytes; ++at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    const KeptRows kept = FromBytes(bytes);
    CAPTURE(at);
    CHECK(kept.damaged == 1);
    REQUIRE(kept.rows.size() == 1);
    CHECK(kept.rows[0] == TwoRows()[1]);
  }
}

TEST_CASE("zeros, as a file system leaves them after a power cut, are damaged rows") {
  CHECK(FromBytes(std::string(64, '\0')).damaged == 2);
}
