// Files, read whole and within bounds.

#pragma once

#include <cstddef>
#include <string>

#include "result.h"

namespace aims {

// The bytes of the file at `path`. kAbsent: it cannot be read (the message names it and says why); kRefused: it is
// larger than `most` bytes.
Result<std::string> ReadFile(const std::string& path, size_t most);

}  // namespace aims
