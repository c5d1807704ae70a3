#include "page/history_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "io/files.h"
#include "io/log.h"
#include "page/history.h"

namespace aims::page {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kEnding = ".bin";

// Of "history-aims_inverter-12.bin" the 12.
std::optional<uint64_t> NumberOf(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(kEnding)) return {};
  name.remove_prefix(prefix.size());
  name.remove_suffix(kEnding.size());
  const auto number = ToNumber<uint64_t>(name);
  return number && *number > 0 ? number : std::nullopt;
}

}  // namespace

HistoryFile::HistoryFile(const DataFolder& folder, const std::string& inverter)
    : disk_(folder.disk),
      prefix_(fmt::format("{}/history-{}-", folder.path, inverter)),
      pause_(folder.pause),
      retry_(folder.executor, [this] { Write(); }) {}

std::string HistoryFile::PathOf(uint64_t number) const { return fmt::format("{}{}{}", prefix_, number, kEnding); }

std::vector<Row> HistoryFile::Load() {
  const fs::path prefix(prefix_);
  std::error_code failure;
  for (fs::directory_iterator at(prefix.parent_path(), failure), end; !failure && at != end; at.increment(failure)) {
    const auto number = NumberOf(at->path().filename().string(), prefix.filename().string());
    if (number) full_.push_back(*number);
  }
  std::sort(full_.begin(), full_.end());
  // A removal may have failed.
  for (; full_.size() > kFiles; full_.erase(full_.begin())) fs::remove(PathOf(full_.front()), failure);
  if (!full_.empty()) number_ = full_.back();
  std::vector<Row> rows;
  std::vector<Row> rescued;
  for (const uint64_t number : std::vector<uint64_t>(full_)) {
    const size_t before = rows.size();
    const Found found = LoadFile(number, rows);
    const bool is_newest = number == number_;
    if (found == Found::kSetAside) {
      std::erase(full_, number);
      rescued.insert(rescued.end(), rows.begin() + static_cast<std::ptrdiff_t>(before), rows.end());
    }
    if (!is_newest) continue;
    if (found == Found::kGood) {
      std::erase(full_, number);
      rows_ = rows.size() - before;
    } else {
      ++number_;  // rows are added to a file without damage
    }
  }
  Add(std::move(rescued));
  return rows;
}

// Adds the file's good rows to `rows`.
HistoryFile::Found HistoryFile::LoadFile(uint64_t number, std::vector<Row>& rows) {
  const std::string path = PathOf(number);
  const auto bytes = ReadFile(path, (kFileRows + 1) * kRowBytes);
  const KeptRows kept = bytes ? FromBytes(*bytes) : KeptRows{};
  rows.insert(rows.end(), kept.rows.begin(), kept.rows.end());
  if (bytes && kept.damaged == 0) return Found::kGood;
  const std::string why =
      bytes ? fmt::format("{} of {} rows", kept.damaged, kept.damaged + kept.rows.size()) : bytes.error().message;
  const auto moved = SetAside(path);
  if (!moved) {
    log::Warning("{} is damaged ({}), and cannot be set aside: {}. Its good rows are used", path, why,
                 moved.error().message);
    return Found::kStuck;
  }
  log::Warning("{} is damaged ({}); it is now {}, and its good rows are written anew", path, why, AsideOf(path));
  return Found::kSetAside;
}

void HistoryFile::Add(std::vector<Row> rows) {
  waiting_.insert(waiting_.end(), rows.begin(), rows.end());
  const size_t most = ScaleOf(Period::k90Days).rows();
  if (waiting_.size() > most) waiting_.erase(waiting_.begin(), waiting_.end() - static_cast<std::ptrdiff_t>(most));
  Write();
}

// What is being written already is written again, to the same place. What came of it is not heard any more.
void HistoryFile::SaveAtStop() {
  alive_.reset();
  while (!waiting_.empty()) {
    const Part part = NextPart();
    disk_.Do([part] { return Do(part); }, [](const auto&) {});
    Advance(part);
  }
}

// The rows that have room in the file, or in the next one.
HistoryFile::Part HistoryFile::NextPart() const {
  const bool is_full = rows_ >= kFileRows;
  const uint64_t number = is_full ? number_ + 1 : number_;
  const size_t offset = is_full ? 0 : rows_;
  const size_t count = std::min(waiting_.size(), kFileRows - offset);
  const bool is_one_too_many = is_full && full_.size() + 2 > kFiles;
  const std::vector<Row> rows(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  return {PathOf(number), offset * kRowBytes, ToBytes(rows), is_one_too_many ? PathOf(full_.front()) : "", count};
}

Result<void> HistoryFile::Do(const Part& part) {
  auto written = WriteAt(part.path, part.offset, part.bytes);
  std::error_code ignored;
  if (written && !part.too_old.empty()) fs::remove(part.too_old, ignored);
  return written;
}

// One at a time: a disk that hangs must not have jobs pile up.
void HistoryFile::Write() {
  if (is_writing_ || waiting_.empty() || retry_.time()) return;
  is_writing_ = true;
  const Part part = NextPart();
  disk_.Do([part] { return Do(part); },
           [this, part, alive = std::weak_ptr<void>(alive_)](const Result<void>& result) {
             if (!alive.expired()) OnWritten(part, result);
           });
}

void HistoryFile::OnWritten(const Part& part, const Result<void>& result) {
  is_writing_ = false;
  if (!result) {
    if (!std::exchange(is_failing_, true)) {
      log::Warning("{}; the app goes on, but a restart would lose what should be in it", result.error().message);
    }
    return retry_.Set(Clock::now() + pause_);
  }
  if (std::exchange(is_failing_, false)) log::Info("{} can be written again", part.path);
  Advance(part);
  Write();
}

// `part` is written.
void HistoryFile::Advance(const Part& part) {
  if (part.offset == 0 && rows_ >= kFileRows) {
    full_.push_back(number_++);
    if (!part.too_old.empty()) full_.erase(full_.begin());
    rows_ = 0;
  }
  rows_ += part.rows;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(part.rows));
}

}  // namespace aims::page
