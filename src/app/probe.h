// `--probe ADDRESS`: asks the wire once and says in plain words what it found. Only Q1 is ever sent.

#pragma once

#include "inverter/address.h"

namespace aims {

// Prints to standard output. True: a good frame came.
bool Probe(const Address& address, int baud_rate);

}  // namespace aims
