// Tells the first time from the next: while something stays broken, each kind of trouble is worth one line in the log.

#pragma once

#include <bitset>
#include <cstddef>

#include "base/result.h"

namespace aims {

class LogOncePerKind {
 public:
  // True the first time since the last Clear().
  bool IsNew(ErrorCode code) {
    const auto bit = static_cast<size_t>(code);
    return !told_[bit] && told_.set(bit)[bit];
  }

  bool Has(ErrorCode code) const { return told_[static_cast<size_t>(code)]; }
  bool Any() const { return told_.any(); }

  // All is well again.
  void Clear() { told_.reset(); }

 private:
  std::bitset<static_cast<size_t>(ErrorCode::kBadOption) + 1> told_;
};

}  // namespace aims
