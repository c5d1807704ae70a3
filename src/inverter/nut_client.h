// A computer that is logged in to the NUT server, and waits to be told to shut down.
// Pure.

#pragma once

#include <string>

#include "base/time.h"

namespace aims {

struct NutClient {
  std::string name;     // of the user
  std::string address;  // "192.168.1.20"
  WallTime since{};

  bool operator==(const NutClient&) const = default;
};

}  // namespace aims
