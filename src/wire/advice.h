// What is wrong with the way to an inverter, and what its owner can do about it: the same in the log and in --probe.
// Pure.

#pragma once

#include <string_view>

#include "base/result.h"
#include "inverter/address.h"
#include "megatec/q1.h"

namespace aims {

// Of a link to `address` that cannot be opened or asked; empty where the error's own message says it all.
std::string_view Advice(ErrorCode code, const Address& address);

// Of a reply that is not a reading.
std::string_view Advice(megatec::Refusal refusal);

}  // namespace aims
