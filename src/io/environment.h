// The process's environment.

#pragma once

#include <cstdlib>
#include <string>

namespace aims {

// The variable `name`; `otherwise` where it is not set, or empty.
inline std::string Environment(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

}  // namespace aims
