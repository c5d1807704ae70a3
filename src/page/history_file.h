// Keeps the rows of ten minutes of one inverter below --data, for 90 days: files of 1080 rows
// (history-<id>-<number>.bin), to which rows are only added, so that little is written. When one is full the next one
// begins, and the oldest goes. A damaged file is set aside, which is said once; its good rows are used, and
// written anew.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/alarm.h"
#include "io/data_file.h"
#include "page/row.h"

namespace aims::page {

class HistoryFile {
 public:
  static constexpr size_t kFileRows = 1080;  // 7.5 days
  static constexpr size_t kFiles = 13;       // so that 90 days are there, and at most 450 kB

  HistoryFile(const DataFolder& folder, const std::string& inverter);
  HistoryFile(const HistoryFile&) = delete;
  HistoryFile& operator=(const HistoryFile&) = delete;

  // What is kept, in any order. To be called once, first.
  std::vector<Row> Load();

  // Has `rows` added. Where the disk does not take them they wait, and are tried again after a while and with the next.
  void Add(std::vector<Row> rows);

  // The program ends: what waits is asked of the disk now.
  void SaveAtStop();

 private:
  struct Part {  // of what waits: rows for one file
    std::string path;
    size_t offset;
    std::string bytes;
    std::string too_old;  // a file that goes; empty: none
    size_t rows;
  };

  std::string PathOf(uint64_t number) const;
  enum class Found { kGood, kSetAside, kStuck };
  Found LoadFile(uint64_t number, std::vector<Row>& rows);
  Part NextPart() const;
  static Result<void> Do(const Part& part);
  void Write();
  void OnWritten(const Part& part, const Result<void>& result);
  void Advance(const Part& part);

  Disk& disk_;
  std::string prefix_;  // "/data/history-aims_inverter-"
  std::chrono::milliseconds pause_;
  std::vector<uint64_t> full_;  // the numbers of the files before this one, in their order
  uint64_t number_ = 1;         // of the file to which rows are added,
  size_t rows_ = 0;             // and how many it has
  std::vector<Row> waiting_;
  bool is_writing_ = false;
  bool is_failing_ = false;
  Alarm retry_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();  // for what the disk's thread posts
};

}  // namespace aims::page
