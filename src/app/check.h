// The file of options, read and checked; and --check, which says what is wrong with it, without running.

#pragma once

#include <string>

#include "base/result.h"
#include "options/options.h"

namespace aims {

struct ReadOptionsFile {
  CheckedOptions checked;
  std::string shown;  // what may be shown to others (redacted.h)
};

// kAbsent, kRefused: there is no file to read at `path`.
Result<ReadOptionsFile> ReadOptions(const std::string& path);

// Prints a line for each mistake and each warning in the options at `path`; false: there is a mistake, or no such file.
bool CheckOptions(const std::string& path);

}  // namespace aims
