// A file that this program keeps for itself below --data. It is read at the start, and written by the disk's thread: no
// disk holds anything else up. A disk that is full or read-only, and a file that holds something else, are said once,
// and life goes on without: what is to be kept is kept in memory, and tried again until it is written.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/alarm.h"
#include "io/disk.h"
#include "io/files.h"

namespace aims {

// Where the files are, and who writes them.
struct DataFolder {
  asio::any_io_executor executor;
  Disk& disk;
  std::string path;
  // A disk that is full now is so in a second, too: what failed is tried again after so long.
  std::chrono::milliseconds pause = std::chrono::seconds(5);
};

class DataFile {
 public:
  static constexpr size_t kLargest = 1 << 20;  // bytes: what is larger is none of ours

  DataFile(const DataFolder& folder, const std::string& name);
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  // What the file holds, as Record::FromJson reads it: an empty Record where there is none to read. One that it does
  // not understand is set aside.
  template <typename Record>
  Record Load() {
    return Load(Record::FromJson);
  }
  // The same where it is no JSON.
  template <typename Record>
  Record Load(Result<Record> (*parse)(std::string_view)) {
    const auto text = Read();
    if (!text) return {};
    const auto record = parse(*text);
    if (record) return *record;
    SetAside(record.error().message);
    return {};
  }

  // Has `text` written (see WriteFile) unless that is what the file holds. `on_saved`: it is on the disk. What comes
  // before that takes its place, `on_saved` included.
  void Save(std::string text, std::function<void()> on_saved = Nothing);

  // The program ends: what is not written yet is asked of the disk now, whatever failed before.
  void SaveAtStop();

  static void Nothing() {}

 private:
  struct Content {
    std::string text;
    std::function<void()> on_saved;
  };

  std::optional<std::string> Read();
  void SetAside(const std::string& why);
  void Write();
  Disk::Work Job(const std::string& text) const;
  void OnWritten(const Result<void>& result);

  Disk& disk_;
  std::string path_;
  std::chrono::milliseconds pause_;
  std::optional<std::string> written_;  // what the file is known to hold
  std::optional<Content> wanted_;       // what it is to hold, and does not yet
  std::optional<Content> on_its_way_;   // to the disk
  std::string bad_;                     // why what is there must not be written over
  bool is_failing_ = false;
  Alarm retry_;
  std::chrono::steady_clock::time_point next_try_{};
  std::shared_ptr<void> alive_ = std::make_shared<char>();  // for what the disk's thread posts
};

}  // namespace aims
