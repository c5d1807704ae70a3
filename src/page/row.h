// One interval of the page's history: the least, the mean and the most of each value.
// Pure. It takes 32 bytes, in memory as on the disk.

#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aims::page {

// Values in steps of 1/kScale; what is unknown has a number of its own. Values beyond the type's range are the nearest
// that it holds.
template <typename Integer, int kScale, Integer kUnknown>
struct Three {
  static constexpr int kSteps = kScale;
  Integer least = kUnknown;
  Integer mean = kUnknown;
  Integer most = kUnknown;

  bool is_known() const { return mean != kUnknown; }
  bool operator==(const Three&) const = default;
};
using Volts = Three<int16_t, 10, std::numeric_limits<int16_t>::min()>;
using Percent = Three<uint8_t, 1, std::numeric_limits<uint8_t>::max()>;

struct Row {
  uint32_t begin = 0;  // s since 1970
  Volts battery_voltage{};
  Volts utility_voltage{};
  Volts output_voltage{};
  Percent load{};
  Percent battery_charge{};  // the least and the most are those of its range
  uint8_t on_battery = 0;    // % of the time, in outages

  bool operator==(const Row&) const = default;
};

inline constexpr size_t kRowBytes = 32;

// `rows` as they are kept: each in kRowBytes, with a check of its own.
std::string ToBytes(const std::vector<Row>& rows);

struct KeptRows {
  std::vector<Row> rows;
  size_t damaged = 0;  // how many rows were not used; a torn one at the end is not counted
};
KeptRows FromBytes(std::string_view bytes);

}  // namespace aims::page
