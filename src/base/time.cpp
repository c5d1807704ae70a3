#include "base/time.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace aims {
namespace {

using namespace std::chrono;
using std::string_view;

constexpr string_view kPattern = "0000-00-00T00:00:00.000+00:00";
constexpr WallTime kFirst{};
constexpr WallTime kLast = sys_days(year(9999) / 12 / 31) + hours(24) - milliseconds(1);

unsigned Digits(string_view text, size_t at, size_t count) {
  unsigned number = 0;
  std::from_chars(text.data() + at, text.data() + at + count, number);
  return number;
}

bool FitsPattern(string_view text) {
  const auto fits = [](char c, char pattern) { return pattern == '0' ? c >= '0' && c <= '9' : c == pattern; };
  return text.size() == kPattern.size() && std::equal(text.begin(), text.end(), kPattern.begin(), fits);
}

}  // namespace

std::string FormatTime(WallTime time) {
  time = std::clamp(time, kFirst, kLast);
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+00:00", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<WallTime> ParseTime(string_view text) {
  if (!FitsPattern(text) || !text.ends_with("+00:00")) return {};
  const year_month_day date(year(static_cast<int>(Digits(text, 0, 4))), month(Digits(text, 5, 2)),
                            day(Digits(text, 8, 2)));
  const WallTime time = sys_days(date) + hours(Digits(text, 11, 2)) + minutes(Digits(text, 14, 2)) +
                        seconds(Digits(text, 17, 2)) + milliseconds(Digits(text, 20, 3));
  // What is no date, or no time of day, would be written otherwise.
  if (!date.ok() || FormatTime(time) != text) return {};
  return time;
}

}  // namespace aims
