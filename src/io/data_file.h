// A file that this program keeps for itself below --data. A disk that is full or read-only, and a file that holds
// something else, are said once, and life goes on without: what is to be kept is kept in memory until it can be
// written.

#pragma once

#include <optional>
#include <string>

#include "io/files.h"

namespace aims {

class DataFile {
 public:
  static constexpr size_t kLargest = 1 << 20;  // bytes: what is larger is none of ours

  DataFile(const std::string& directory, const std::string& name) : path_(directory + "/" + name) {}

  // What the file holds, as Record::FromJson reads it: an empty Record where there is none to read. One that it does
  // not understand is set aside.
  template <typename Record>
  Record Load() {
    const auto text = Read();
    if (!text) return {};
    const auto record = Record::FromJson(*text);
    if (record) return *record;
    SetAside(record.error().message);
    return {};
  }

  // Writes `text` (see WriteFile) unless that is what the file holds. False: it cannot be written now.
  bool Save(const std::string& text);

 private:
  std::optional<std::string> Read();
  bool SetAside(const std::string& why);

  std::string path_;
  std::optional<std::string> written_;  // what the file is known to hold
  std::string bad_;                     // why what is there must not be written over
  bool is_failing_ = false;
};

}  // namespace aims
