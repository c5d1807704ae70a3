// Commands as bytes on the wire, and what an answer to them means. Q1, which asks for the status, is q1.h's.
// Pure.
//
// The bytes are Megatec's (protocol text v2.7). Of an AIMS only Q is documented; its relatives know the rest.

#pragma once

#include <string>
#include <string_view>

#include "inverter/command.h"

namespace aims::megatec {

// The bytes of `command`: "Q\r", "S.5R0003\r". Times are rounded up to what the protocol can say: tenths of a minute
// below one minute, else minutes. Of kRehearse there are none.
std::string RequestFor(Command command, const ShutdownDelays& delays);

// True for an answer that says no: an echo, as Megatec's text has it, or one of the NAKs seen in the field. A unit that
// obeys says nothing, or ACK.
bool IsRefusal(std::string_view answer, std::string_view request);

}  // namespace aims::megatec
