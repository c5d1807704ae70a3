#include "megatec/q1.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace aims::megatec {
namespace {

using namespace std::string_view_literals;
using std::string_view;

constexpr size_t kFieldCount = 8;
constexpr size_t kFlagCount = 8;
constexpr size_t kVoltageWidth = 5;  // MMM.M

// The largest that a field of the protocol holds is "MMM.M"; units in the field are at most one character wider.
constexpr size_t kMaxNumberWidth = 6;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsPrintable(char c) { return c >= ' ' && c <= '~'; }
bool IsLineEnd(char c) { return c == '\r' || c == '\n'; }
bool IsBlankOrEnd(char c) { return IsBlank(c) || IsLineEnd(c); }
bool IsSilent(char c) { return IsBlankOrEnd(c) || c == '\0'; }  // says nothing by itself

// `text` without what is_padding at its front and at its end.
string_view Trim(string_view text, bool (*is_padding)(char), bool (*is_padding_at_end)(char)) {
  while (!text.empty() && is_padding(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_padding_at_end(text.back())) text.remove_suffix(1);
  return text;
}

bool SaysNothing(string_view line) { return std::all_of(line.begin(), line.end(), IsSilent); }

// The fields between blanks. More than fit are counted, not kept.
struct Fields {
  std::array<string_view, kFieldCount> text;
  size_t count = 0;
};

Fields SplitOnBlanks(string_view line) {
  Fields fields;
  size_t at = 0;
  while (true) {
    while (at < line.size() && IsBlank(line[at])) ++at;
    if (at == line.size()) return fields;
    const size_t begin = at;
    while (at < line.size() && !IsBlank(line[at])) ++at;
    if (fields.count < kFieldCount) fields.text[fields.count] = line.substr(begin, at - begin);
    ++fields.count;
  }
}

bool IsPlaceholder(string_view field) { return field.find_first_not_of("-.@") == string_view::npos; }

// Digits with at most one point among them, and a sign where it may be cold: "013.5", "023", "-05.0".
std::optional<double> ParseNumber(string_view field) {
  const bool negative = field.size() > 1 && field.front() == '-';
  if (negative) field.remove_prefix(1);
  if (field.empty() || field.size() > kMaxNumberWidth || !IsDigit(field.front()) || !IsDigit(field.back())) return {};
  constexpr double kPowersOfTen[kMaxNumberWidth] = {1, 10, 100, 1000, 10'000, 100'000};
  int digits = 0;
  size_t point = field.size() - 1;  // where it would be without one
  for (size_t i = 0; i < field.size(); ++i) {
    if (IsDigit(field[i])) {
      digits = digits * 10 + (field[i] - '0');
    } else if (field[i] == '.' && point == field.size() - 1) {
      point = i;
    } else {
      return {};
    }
  }
  const double number = digits / kPowersOfTen[field.size() - 1 - point];
  return negative ? -number : number;
}

// Fills `into` from a field that must be a positive number.
bool Measured(string_view field, double& into) {
  const auto number = ParseNumber(field);
  if (!number || field.front() == '-') return false;
  into = *number;
  return true;
}

// Fills `into` from a field that may be a placeholder.
bool MeasuredOrNot(string_view field, std::optional<double>& into) {
  into = ParseNumber(field);
  return into.has_value() || IsPlaceholder(field);
}

bool IsFlags(string_view field) {
  return field.size() == kFlagCount &&
         std::all_of(field.begin(), field.end(), [](char c) { return c == '0' || c == '1' || c == '\0'; });
}

bool AllZero(const Reading& reading) {
  return reading.utility_voltage.value_or(0) == 0 && reading.utility_fault_voltage.value_or(0) == 0 &&
         reading.output_voltage == 0 && reading.load.value_or(0) == 0 && reading.output_frequency.value_or(0) == 0 &&
         reading.battery_voltage == 0 && reading.temperature.value_or(0) == 0;
}

// Voltronic's inverters (Axpert, PIP, and others that answer QPIGS) end each line in the CRC-16 of XMODEM over all
// before it. No byte of it is '(', CR or LF: such a byte is sent as the next one. For "(NAK" it is "ss". Source:
// networkupstools/nut, drivers/nutdrv_qx_voltronic-axpert.c.
bool HasVoltronicChecksum(string_view line) {
  constexpr size_t kSize = 2;
  line = line.substr(0, line.find_first_of("\r\n"));
  if (line.size() <= kSize) return false;
  unsigned crc = 0;
  for (const char c : line.substr(0, line.size() - kSize)) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021 : 0)) & 0xffff;
  }
  const auto sent = [](unsigned byte) { return byte == '(' || byte == '\r' || byte == '\n' ? byte + 1 : byte; };
  const auto at = [&](size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(line[line.size() - i])); };
  return at(2) == sent(crc >> 8) && at(1) == sent(crc & 0xff);
}

// Voltronic's, by its checksum; or by its 17 to 27 fields, as Axpert's longer answer to Q1 has them.
bool IsVoltronic(string_view whole, const Fields& fields) {
  return HasVoltronicChecksum(whole) || (fields.count >= 17 && fields.count <= 27 && ParseNumber(fields.text[0]));
}

// Why a line that has not the eight fields of a status is none.
Refusal Unlike(string_view line, const Fields& fields, bool has_start) {
  if (!std::all_of(line.begin(), line.end(), IsPrintable)) return Refusal::kNotText;
  const string_view word = fields.text[0];
  if (fields.count <= 3 && (word == "NAK" || word == "N" || word == "ACK" || word == "UPS")) return Refusal::kNak;
  const bool like_voltage = word.size() == kVoltageWidth && ParseNumber(word);
  if (fields.count < kFieldCount && (has_start ? like_voltage : IsFlags(fields.text[fields.count - 1])))
    return Refusal::kTruncated;
  return Refusal::kOtherProtocol;
}

// Takes the next line off `bytes`, without its end.
string_view TakeLine(string_view& bytes) {
  string_view line = bytes.substr(0, bytes.find('\r'));
  line = line.substr(0, line.find('\n'));
  bytes.remove_prefix(std::min(bytes.size(), line.size() + 1));
  return line;
}

bool IsEcho(string_view line, string_view request) {
  return Trim(line, IsSilent, IsSilent) == Trim(request, IsSilent, IsSilent);
}

}  // namespace

string_view Describe(Refusal refusal) {
  switch (refusal) {
    case Refusal::kEmpty:
      return "nothing came";
    case Refusal::kEcho:
      return "only our own request came back";
    case Refusal::kNak:
      return "the device refused the request Q1";
    case Refusal::kTruncated:
      return "a part of the reply is missing";
    case Refusal::kVoltronic:
      return "the reply is Voltronic's, not a Q1 status";
    case Refusal::kOtherProtocol:
      return "the reply is not a Q1 status";
    case Refusal::kNotText:
      return "the reply is not text";
    case Refusal::kBadNumber:
      return "a field of the reply is not a number";
    case Refusal::kBadFlags:
      return "the status bits of the reply are not eight of 0 and 1";
    case Refusal::kNotInitialised:
      return "all zeroes: the inverter has not started yet";
  }
  return "";
}

tl::expected<Reading, Refusal> ParseStatus(string_view line) {
  const auto refused = [](Refusal why) { return tl::unexpected<Refusal>(why); };

  if (line.empty()) return refused(Refusal::kEmpty);
  // The NUL that stands for a '0' may be the last of the flags, so only ends of line are cut there.
  const void* start = ::memrchr(line.data(), '(', line.size());
  const bool has_start = start != nullptr;
  if (has_start) line.remove_prefix(static_cast<size_t>(static_cast<const char*>(start) - line.data()));
  const string_view whole = line;
  if (has_start) line.remove_prefix(1);
  if (SaysNothing(line)) return refused(has_start ? Refusal::kTruncated : Refusal::kEmpty);
  line = Trim(line, IsSilent, IsBlankOrEnd);

  const Fields fields = SplitOnBlanks(line);
  if (fields.count != kFieldCount) {
    return refused(IsVoltronic(whole, fields) ? Refusal::kVoltronic : Unlike(line, fields, has_start));
  }
  const auto& text = fields.text;
  if (!IsFlags(text[7]) && HasVoltronicChecksum(whole)) return refused(Refusal::kVoltronic);
  if (!IsFlags(text[7])) {
    const bool cut = text[7].size() < kFlagCount && text[7].find_first_not_of("01\0"sv) == string_view::npos;
    return refused(cut ? Refusal::kTruncated : Refusal::kBadFlags);
  }
  if (!has_start && text[0].size() < kVoltageWidth) return refused(Refusal::kTruncated);

  Reading reading;
  const bool numbers = MeasuredOrNot(text[0], reading.utility_voltage) &&
                       MeasuredOrNot(text[1], reading.utility_fault_voltage) &&
                       Measured(text[2], reading.output_voltage) && MeasuredOrNot(text[3], reading.load) &&
                       MeasuredOrNot(text[4], reading.output_frequency) && Measured(text[5], reading.battery_voltage) &&
                       MeasuredOrNot(text[6], reading.temperature);
  if (!numbers || reading.utility_voltage.value_or(0) < 0) return refused(Refusal::kBadNumber);
  if (AllZero(reading)) return refused(Refusal::kNotInitialised);

  const auto bit = [flags = text[7]](size_t b) { return flags[kFlagCount - 1 - b] == '1'; };
  reading.on_battery = bit(7);
  reading.battery_low = bit(6);
  reading.avr_active = bit(5);
  reading.ups_failed = bit(4);
  reading.line_interactive = bit(3);
  reading.self_test = bit(2);
  reading.shutdown_flag = bit(1);
  reading.beeper = bit(0);
  return reading;
}

bool IsComplete(string_view bytes, string_view request) {
  while (true) {
    const string_view line = TakeLine(bytes);
    const bool ended = line.data() + line.size() != bytes.data() + bytes.size();
    if (!ended) return false;
    if (!SaysNothing(line) && !IsEcho(line, request)) return true;
  }
}

bool HasBegun(string_view bytes, string_view request) {
  string_view line;
  while (!bytes.empty()) line = TakeLine(bytes);
  return !SaysNothing(line) && !request.starts_with(Trim(line, IsSilent, IsSilent));
}

tl::expected<Reading, Refusal> ParseReply(string_view bytes, string_view request) {
  tl::expected<Reading, Refusal> answer = tl::unexpected<Refusal>(Refusal::kEmpty);
  while (!bytes.empty()) {
    const string_view line = TakeLine(bytes);
    if (SaysNothing(line)) continue;
    if (IsEcho(line, request)) {
      if (!answer && answer.error() == Refusal::kEmpty) answer = tl::unexpected<Refusal>(Refusal::kEcho);
      continue;
    }
    auto parsed = ParseStatus(line);
    if (parsed || !answer) answer = parsed;
  }
  return answer;
}

}  // namespace aims::megatec
