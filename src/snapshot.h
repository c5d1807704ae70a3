// What is known of one inverter at one moment: the newest reading while there is one to believe, and what we know by
// ourselves. Everything that is told to anybody is written from a snapshot.

#pragma once

#include <optional>

#include "reading.h"

namespace aims {

struct Snapshot {
  std::optional<Reading> reading;  // empty: nothing read yet, or too long ago to be shown as live
  bool connected = false;          // the inverter answers

  bool operator==(const Snapshot&) const = default;
};

}  // namespace aims
