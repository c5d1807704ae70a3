// The Megatec protocol as far as an AIMS inverter speaks it: the request Q1 and what its reply says. Pure text in,
// values out: no descriptor, no clock, and no allocation.
//
//   > Q1\r
//   < (111.0 111.0 112.0 000 60.0 13.5 00.0 00001001\r
//      in    fault out   load Hz   batt temp flags, utility-fail (b7) first
//
// The line is 2400 baud, 8N1. Sources: AIMS "TTL Communication Protocol", Megatec v2.7, and replies seen in the field.

#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "inverter/reading.h"

namespace aims::megatec {

// AIMS' document asks for the first; the units answer the second as well, and some hosts have only ever sent that.
inline constexpr std::string_view kStatusRequest = "Q1\r";
inline constexpr std::string_view kStatusRequestLf = "Q1\n";

// Why some bytes are not a reading.
enum class Refusal {
  kEmpty,           // nothing, or blanks and NULs only
  kEcho,            // our own request came back
  kNak,             // the device says that it does not know the request
  kTruncated,       // begins or ends like a status, but a part is lost
  kVoltronic,       // a line with Voltronic's checksum: "(NAKss", or an Axpert's status
  kOtherProtocol,   // printable fields that are not the eight of Q1
  kNotText,         // bytes that are not text: wrong speed, wrong wires or another protocol
  kBadNumber,       // a field holds something that is neither a number nor a placeholder for "not measured"
  kBadFlags,        // the status bits are not eight of '0' and '1'
  kNotInitialised,  // all zeroes: the device has not started yet
};

// What `refusal` means, in words for the log.
std::string_view Describe(Refusal refusal);

// Reads one line, with or without its end of line, its '(' and noise before it: what follows the last '(' counts.
// It is a status when it has exactly eight fields divided by blanks, the eighth is exactly eight of '0' and '1' (a NUL
// counts as '0': nut #1978), and output and battery voltage are numbers. The other numbers may be placeholders (`--.-`,
// `-`, `@`). A line without '(' must have its first field in full, or a lost head would read 111.0 V as 11.0.
tl::expected<Reading, Refusal> ParseStatus(std::string_view line);

// True as soon as `bytes`, all that came since `request` was sent, hold a complete line (ended by CR or LF) that says
// something and is not an echo of `request`: the exchange is over, for good or bad.
bool IsComplete(std::string_view bytes, std::string_view request);

// True when something of the reply is in `bytes`: a line has begun that is neither blank nor an echo of `request`. Only
// from then on does silence end the exchange.
bool HasBegun(std::string_view bytes, std::string_view request);

// The reading in `bytes`, all that came since `request` was sent: the last good one of its lines, be the last of them
// ended or not. Where none is good, why the last line that says something was refused.
tl::expected<Reading, Refusal> ParseReply(std::string_view bytes, std::string_view request);

}  // namespace aims::megatec
