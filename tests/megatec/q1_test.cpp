#include "megatec/q1.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "homeassistant/entities.h"
#include "tests/megatec/frames.h"

using namespace aims;
using namespace aims::megatec;
using namespace std::string_literals;

namespace {

size_t allocations = 0;

// What `line` is refused for; the test fails where it is read.
Refusal Refused(std::string_view line) {
  const auto reading = ParseStatus(line);
  REQUIRE_FALSE(reading);
  return reading.error();
}

Reading Read(std::string_view line) {
  const auto reading = ParseStatus(line);
  REQUIRE(reading);
  return *reading;
}

const Reading kMainsReading{111.0, 111.0, 112.0, 0.0,  60.0,  13.5,  0.0, false,
                            false, false, false, true, false, false, true};

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

TEST_CASE("a frame on mains is read field by field") { CHECK(Read(frames::kMains) == kMainsReading); }

TEST_CASE("a frame of an outage says so, and b1 is only a flag") {
  const Reading reading = Read(frames::kOutage);
  CHECK(reading.on_battery);
  CHECK(reading.utility_voltage == 0.0);
  CHECK(reading.utility_fault_voltage == 110.0);
  CHECK(reading.load == 23);
  CHECK(reading.battery_voltage == 12.1);
  CHECK_FALSE(reading.battery_low);
  CHECK(reading.shutdown_flag);
}

TEST_CASE("each status bit is the flag that the protocol says") {
  struct {
    std::string_view flags;
    Flag flag;
  } const cases[] = {
      {"01000000", &Reading::battery_low}, {"00100000", &Reading::avr_active},
      {"00010000", &Reading::ups_failed},  {"00001000", &Reading::line_interactive},
      {"00000100", &Reading::self_test},   {"00000010", &Reading::shutdown_flag},
      {"00000001", &Reading::beeper},
  };
  for (const auto& [flags, flag] : cases) {
    CAPTURE(flags);
    const Reading reading = Read("(111.0 111.0 112.0 000 60.0 13.5 00.0 "s + std::string(flags) + "\r");
    int set = 0;
    for (const auto& other : cases) set += reading.*other.flag ? 1 : 0;
    CHECK(set == 1);
    CHECK(reading.*flag);
    CHECK_FALSE(reading.on_battery);
  }
  CHECK(Read("(111.0 111.0 112.0 000 60.0 13.5 00.0 10000000\r").on_battery);
}

TEST_CASE("what must be read is read: no CR, LF, blanks, no '(', noise, an earlier frame's end before it") {
  for (const std::string& line : {
           "(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001"s,
           "(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\n"s,
           "(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r\n"s,
           " (111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r"s,
           "111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r"s,
           "\0\0(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r"s,
           "\0"s + "111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r",
           "\xff\x1b(1?(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r"s,
           "00 00001001 (111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r"s,
           "(111.0 111.0(111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r"s,
           "( 111.0  111.0 112.0 \t 000 60.0 13.5 00.0 00001001 \r"s,
           "(111.0 111.0 112.0   0 60.0 13.5 00.0 00001001\r"s,
           "(111.0 111.0 112.0 000 60.00 13.50 00.00 00001001\r"s,
           "(111.0 111.0 112.0 000 60.0 13.5 00.0 \0\0\0\0001\0\0001\r"s,
       }) {
    CAPTURE(line);
    CHECK(Read(line) == kMainsReading);
  }
}

TEST_CASE("a placeholder is no value, never 0") {
  for (const std::string placeholder : {"--.-", "-", "@", "@@.@", "---"}) {
    CAPTURE(placeholder);
    const Reading reading = Read("(111.0 " + placeholder + " 112.0 " + placeholder + " " + placeholder + " 13.5 " +
                                 placeholder + " 00001001\r");
    CHECK_FALSE(reading.utility_fault_voltage);
    CHECK_FALSE(reading.load);
    CHECK_FALSE(reading.output_frequency);
    CHECK_FALSE(reading.temperature);
    CHECK(reading.battery_voltage == 13.5);
  }
}

TEST_CASE("an input that is not told is unknown") {
  CHECK_FALSE(Read("(---.- ---.- 229.9 007 49.9 12.3 --.- 10001001\r").utility_voltage);
  CHECK(Refused("(-11.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r") == Refusal::kBadNumber);
}

TEST_CASE("output and battery voltage must be numbers") {
  CHECK(Refused("(111.0 111.0 --.- 000 60.0 13.5 00.0 00001001\r") == Refusal::kBadNumber);
  CHECK(Refused("(111.0 111.0 112.0 000 60.0 --.- 00.0 00001001\r") == Refusal::kBadNumber);
}

TEST_CASE("what is no number is refused, not half read") {
  for (const std::string field :
       {"nan", "inf", "1e3", "0x1f", "11.0.0", "1-1.0", "-13.5", "13.5V", ".5", "5.", "1,5", "1234567",
        "13\x1f"
        "5",
        "+13.5"}) {
    CAPTURE(field);
    CHECK(Refused("(111.0 111.0 112.0 000 60.0 " + field + " 00.0 00001001\r") == Refusal::kBadNumber);
  }
  CHECK(Refused("(111.0 11x.0 112.0 000 60.0 13.5 00.0 00001001\r") == Refusal::kBadNumber);
}

TEST_CASE("it may be cold") { CHECK(Read("(111.0 111.0 112.0 000 60.0 13.5 -05.0 00001001\r").temperature == -5.0); }

TEST_CASE("a lost head is refused, with '(' or without") {
  CHECK(Refused("11.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r") == Refusal::kTruncated);
  CHECK(Refused("0 111.0 112.0 000 60.0 13.5 00.0 00001001\r") == Refusal::kTruncated);
  CHECK(Refused("112.0 000 60.0 13.5 00.0 00001001\r") == Refusal::kTruncated);
}

TEST_CASE("a frame cut short anywhere is refused") {
  const std::string frame(frames::kMains);
  for (size_t length = 0; length + 2 <= frame.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(ParseStatus(frame.substr(0, length)));
    CHECK_FALSE(ParseStatus(frame.substr(0, length) + "\r"));
  }
}

TEST_CASE("bytes other than 0, 1 and NUL among the flags are refused") {
  for (const std::string flags : {"0000100x",
                                  "00001\x1e"
                                  "01",
                                  "00002001", "000010011", "0000100", "--------"}) {
    CAPTURE(flags);
    CHECK_FALSE(ParseStatus("(111.0 111.0 112.0 000 60.0 13.5 00.0 " + flags + "\r"));
  }
}

TEST_CASE("all zeroes are not a reading, a dead line with a rest of voltage is one") {
  CHECK(Refused("(000.0 000.0 000.0 000 00.0 00.0 00.0 00000000\r") == Refusal::kNotInitialised);
  CHECK(Refused("(000.0 000.0 000.0 000 00.0 00.0 --.- 00001000\r") == Refusal::kNotInitialised);
  CHECK(Read("(000.8 000.0 000.0 000 00.0 11.9 00.0 10001001\r").utility_voltage == 0.8);
}

TEST_CASE("other dialects are refused and named") {
  CHECK(Refused("(NAK\r") == Refusal::kNak);
  CHECK(Refused("NAK\r") == Refusal::kNak);
  CHECK(Refused("N\r") == Refusal::kNak);
  CHECK(Refused("UPS No Ack\r") == Refusal::kNak);
  CHECK(Refused("#120.0 050 12.00 60.0\r") == Refusal::kOtherProtocol);
  CHECK(Refused("(NAKss\r") == Refusal::kVoltronic);
  CHECK(Refused("(NAKsx\r") == Refusal::kOtherProtocol);
  // Voltronic: QGS without its checksum, the longer Q1 of Axpert, and another of its replies, known by its checksum.
  CHECK(Refused("(229.8 50.0 229.8 50.0 000.6 010 369.1 369.1 054.6 --.-- 032.0 000000000001\r") ==
        Refusal::kOtherProtocol);
  CHECK(Refused("(00000 16971 01 00 00 026 033 022 029 02 00 000 0036 0000 0000 49.95 10\xe3\x5c\r") ==
        Refusal::kVoltronic);
  CHECK(Refused("(0 100 0 0 1 532 532 450 0000 0030\x0e\x5e\r") == Refusal::kVoltronic);
  CHECK(Refused("(0 100 0 0 1 532 532 450 0000 0030\x0e\x5f\r") == Refusal::kNotText);
  CHECK(Refused("(230.0 50.0 230.0 50.0 0161 0119 003 460\x31\x4c\r") == Refusal::kVoltronic);  // of eight fields
  // Eight tokens, the last no flags.
  CHECK_FALSE(ParseStatus("(111.0 111.0 112.0 000 60.0 13.5 00.0 BL000000\r"));
}

TEST_CASE("rubbish is refused") {
  CHECK(Refused("") == Refusal::kEmpty);
  CHECK(Refused("\0\0 \r\n"s) == Refusal::kEmpty);
  CHECK(Refused("\x80\x81\xfe\x03") == Refusal::kNotText);
  CHECK_FALSE(ParseStatus(std::string(100'000, ' ')));
  CHECK_FALSE(ParseStatus(std::string(100'000, '(')));
  CHECK_FALSE(ParseStatus(std::string(100'000, '1')));
}

TEST_CASE("an exchange is over with a complete line that says something") {
  CHECK_FALSE(IsComplete("", kStatusRequest));
  CHECK_FALSE(IsComplete("(111.0 111.0", kStatusRequest));
  CHECK_FALSE(IsComplete("\r\n\0\0\r"s, kStatusRequest));
  CHECK_FALSE(IsComplete("Q1\r", kStatusRequest));
  CHECK_FALSE(IsComplete("Q1\r(111.0", kStatusRequest));
  CHECK(IsComplete("(NAK\r", kStatusRequest));
  CHECK(IsComplete("rubbish\n", kStatusRequest));
  CHECK(IsComplete("Q1\r" + std::string(frames::kMains), kStatusRequest));
  CHECK(IsComplete(frames::kMains, kStatusRequestLf));
}

TEST_CASE("an echo of the request is skipped, whatever ends it") {
  CHECK(ParseReply("Q1\r" + std::string(frames::kMains), kStatusRequest));
  CHECK(ParseReply("Q1\n" + std::string(frames::kMains), kStatusRequestLf));
  CHECK(ParseReply("Q1\r", kStatusRequest).error() == Refusal::kEcho);
  CHECK(ParseReply("Q1", kStatusRequest).error() == Refusal::kEcho);
}

TEST_CASE("of several frames the last good one counts") {
  const std::string mains(frames::kMains);
  const std::string outage(frames::kOutage);
  CHECK(ParseReply(mains + outage, kStatusRequest)->on_battery == true);
  CHECK(ParseReply(outage + mains, kStatusRequest)->on_battery == false);
  CHECK(ParseReply(outage + "(111.0 1", kStatusRequest)->on_battery == true);
  CHECK(ParseReply(outage + "(NAK\r", kStatusRequest)->on_battery == true);
  CHECK(ParseReply("(NAK\r" + outage, kStatusRequest)->on_battery == true);
  CHECK(ParseReply(mains + "\0\0\0"s, kStatusRequest)->on_battery == false);
  CHECK(ParseReply("(NAK\r(111.0 1", kStatusRequest).error() == Refusal::kTruncated);
}

TEST_CASE("the parser allocates nothing") {
  const std::string frame(frames::kMains);
  const size_t before = allocations;
  const bool good = ParseReply(frame, kStatusRequest) && IsComplete(frame, kStatusRequest);
  const bool bad = !ParseStatus("(111.0 111.0 112.0 000 60.0 13.5");
  const size_t after = allocations;
  CHECK(good);
  CHECK(bad);
  CHECK(after == before);
}

TEST_CASE("every refusal has words") {
  for (int i = 0; i <= static_cast<int>(Refusal::kNotInitialised); ++i) {
    CHECK_FALSE(Describe(static_cast<Refusal>(i)).empty());
  }
}
