// --check: says what is wrong with the options, without running.

#pragma once

#include <cstddef>
#include <string>

namespace aims {

// Prints a line for each mistake and each warning in the options at `path`; false: there is a mistake, or no such file.
bool CheckOptions(const std::string& path);

// The largest file of options that is read.
inline constexpr size_t kLargestOptions = 16 << 20;

}  // namespace aims
