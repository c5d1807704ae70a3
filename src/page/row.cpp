#include "page/row.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace aims::page {
namespace {

// In the file a row is as in memory, least significant byte first; behind it, in the last two bytes, its check.
constexpr size_t kUsed = offsetof(Row, on_battery) + sizeof(Row::on_battery);
constexpr size_t kCheckAt = kRowBytes - sizeof(uint16_t);
static_assert(std::endian::native == std::endian::little && std::is_trivially_copyable_v<Row>);
static_assert(sizeof(Row) == kRowBytes && kUsed <= kCheckAt);

// FNV-1a, folded to 16 bits; that of zeros alone is not zero.
uint16_t CheckOf(const char* bytes) {
  uint32_t hash = 2'166'136'261;
  for (size_t i = 0; i < kCheckAt; ++i) hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 16'777'619;
  return static_cast<uint16_t>(hash >> 16 ^ hash);
}

}  // namespace

std::string ToBytes(const std::vector<Row>& rows) {
  std::string bytes(rows.size() * kRowBytes, '\0');
  char* at = bytes.data();
  for (const Row& row : rows) {
    std::memcpy(at, &row, kUsed);
    const uint16_t check = CheckOf(at);
    std::memcpy(at + kCheckAt, &check, sizeof check);
    at += kRowBytes;
  }
  return bytes;
}

KeptRows FromBytes(std::string_view bytes) {
  KeptRows kept;
  kept.rows.reserve(bytes.size() / kRowBytes);
  for (; bytes.size() >= kRowBytes; bytes.remove_prefix(kRowBytes)) {
    uint16_t check = 0;
    std::memcpy(&check, bytes.data() + kCheckAt, sizeof check);
    if (check != CheckOf(bytes.data())) {
      ++kept.damaged;
      continue;
    }
    Row& row = kept.rows.emplace_back();
    std::memcpy(static_cast<void*>(&row), bytes.data(), kUsed);
  }
  return kept;
}

}  // namespace aims::page
