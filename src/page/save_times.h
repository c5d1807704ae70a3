// When the page's rows of one inverter go to the disk: every six hours, at an outage's end, and once more when the row
// in which it ended is over.
// Pure.

#pragma once

#include <algorithm>
#include <chrono>

#include "page/history.h"

namespace aims::page {

class SaveTimes {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::hours kPause{6};

  // To be asked with each reading. True: save now. `is_outage_over`: it ended with this reading. `has_unsaved`: there
  // is something to save; otherwise it stays due.
  bool IsDue(Time now, bool is_outage_over, bool has_unsaved) {
    if (due_ == Time{}) due_ = now + kPause;
    if (is_outage_over) due_ = std::min(due_, now + ScaleOf(Period::k90Days).step);
    if (!has_unsaved || (!is_outage_over && now < due_)) return false;
    if (!is_outage_over) due_ = now + kPause;
    return true;
  }

 private:
  Time due_{};  // none before the first reading
};

}  // namespace aims::page
