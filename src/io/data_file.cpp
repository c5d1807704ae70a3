#include "io/data_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "io/log.h"

namespace aims {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

DataFile::DataFile(const DataFolder& folder, const std::string& name)
    : disk_(folder.disk),
      path_(folder.path + "/" + name),
      pause_(folder.pause),
      retry_(folder.executor, [this] { Write(); }) {}

void DataFile::Save(std::string text, std::function<void()> on_saved) {
  if (!wanted_ && !on_its_way_ && written_ == text) return on_saved();
  wanted_ = Content{std::move(text), std::move(on_saved)};
  Write();
}

void DataFile::SaveAtStop() {
  if (wanted_) disk_.Do(Job(wanted_->text), [](const auto&) {});
}

// One at a time: a disk that hangs must not have jobs pile up.
void DataFile::Write() {
  if (on_its_way_ || !wanted_) return;
  if (Clock::now() < next_try_) return retry_.Set(next_try_);
  on_its_way_ = std::exchange(wanted_, std::nullopt);
  disk_.Do(Job(on_its_way_->text), [this, alive = std::weak_ptr<void>(alive_)](const Result<void>& result) {
    if (!alive.expired()) OnWritten(result);
  });
}

Disk::Work DataFile::Job(const std::string& text) const {
  return [path = path_, text, is_bad = !bad_.empty()]() -> Result<void> {
    if (is_bad) {
      if (const auto moved = aims::SetAside(path); !moved) {
        return Failure(ErrorCode::kRefused, fmt::format("{} cannot be set aside: {}", path, moved.error().message));
      }
    }
    return WriteFile(path, text);
  };
}

void DataFile::OnWritten(const Result<void>& result) {
  Content content = *std::exchange(on_its_way_, std::nullopt);
  if (result) {
    if (std::exchange(is_failing_, false)) log::Info("{} can be written again", path_);
    bad_.clear();
    next_try_ = {};
    written_ = std::move(content.text);
    content.on_saved();
    return Write();
  }
  if (!std::exchange(is_failing_, true)) {
    log::Warning("{}; the app goes on, but a restart would lose what should be in it", result.error().message);
  }
  written_.reset();
  next_try_ = Clock::now() + pause_;
  if (!wanted_) wanted_ = std::move(content);
  retry_.Set(next_try_);
}

std::optional<std::string> DataFile::Read() {
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored)) return {};
  auto text = ReadFile(path_, kLargest);
  if (text) {
    written_ = *text;
    return *std::move(text);
  }
  SetAside(text.error().message);
  return {};
}

void DataFile::SetAside(const std::string& why) {
  written_.reset();
  if (const auto moved = aims::SetAside(path_); !moved) {
    log::Warning("{} is not used ({}); it cannot be set aside: {}", path_, why, moved.error().message);
    bad_ = why;
    is_failing_ = true;  // which has been said now
    return;
  }
  log::Warning("{} is not used ({}); it is now {}, and a new file is started", path_, why, AsideOf(path_));
}

}  // namespace aims
