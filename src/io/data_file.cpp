#include "io/data_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "io/log.h"

namespace aims {
bool DataFile::Save(const std::string& text) {
  if (written_ == text) return true;
  if (!bad_.empty() && !SetAside(bad_)) return false;
  const auto done = WriteFile(path_, text);
  if (done) {
    if (is_failing_) log::Info("{} can be written again", path_);
    is_failing_ = false;
    written_ = text;
    return true;
  }
  if (!is_failing_) log::Warning("{}; going on, but a restart would forget what should be in it", done.error().message);
  is_failing_ = true;
  written_.reset();
  return false;
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

bool DataFile::SetAside(const std::string& why) {
  const bool is_news = bad_.empty();
  const std::string aside = path_ + ".bad";
  const bool is_done = std::rename(path_.c_str(), aside.c_str()) == 0;
  if (is_done) {
    log::Warning("{} is not used ({}); it is now {}, and a new one is begun", path_, why, aside);
    bad_.clear();
    written_.reset();
  } else if (is_news) {
    log::Warning("{} is not used ({}); it cannot be set aside: {}", path_, why, std::strerror(errno));
    bad_ = why;
  }
  return is_done;
}

}  // namespace aims
