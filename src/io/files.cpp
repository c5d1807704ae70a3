#include "io/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace aims {
namespace {

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(file, text.data(), text.size());
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) text.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

// That a file has another name now is on the disk only when its directory is.
bool SyncDirectoryOf(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const Descriptor opened(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.get() >= 0 && ::fsync(opened.get()) == 0;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, size_t most) {
  const auto unreadable = [&] {
    return Failure(ErrorCode::kAbsent, fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a fifo would wait for a writer
  struct stat is = {};
  if (file.get() < 0 || ::fstat(file.get(), &is) != 0) return unreadable();
  if (!S_ISREG(is.st_mode)) return Failure(ErrorCode::kRefused, fmt::format("{} is no regular file", path));
  std::string text;
  std::array<char, 4096> part;
  while (true) {
    const ssize_t got = ::read(file.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable();
    if (got == 0) return text;
    text.append(part.data(), static_cast<size_t>(got));
    if (text.size() > most) {
      return Failure(ErrorCode::kRefused, fmt::format("{} is larger than {} bytes", path, most));
    }
  }
}

Result<void> WriteFile(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  const auto unwritable = [&] {
    const std::string why = std::strerror(errno);
    ::unlink(beside.c_str());
    return Failure(ErrorCode::kRefused, fmt::format("{} cannot be written: {}", path, why));
  };
  const Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0 || !WriteAll(file.get(), text) || ::fsync(file.get()) != 0) return unwritable();
  if (std::rename(beside.c_str(), path.c_str()) != 0 || !SyncDirectoryOf(path)) return unwritable();
  return {};
}

Result<void> WriteAt(const std::string& path, size_t offset, const std::string& bytes) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  const auto is_there = [&] { return ::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) >= 0; };
  const bool is_written = file.get() >= 0 && is_there() && WriteAll(file.get(), bytes) && ::fsync(file.get()) == 0;
  const bool is_known = is_written && (offset > 0 || SyncDirectoryOf(path));
  if (is_known) return {};
  return Failure(ErrorCode::kRefused, fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

Result<void> SetAside(const std::string& path) {
  if (std::rename(path.c_str(), AsideOf(path).c_str()) == 0 || errno == ENOENT) return {};
  return Failure(ErrorCode::kRefused, std::strerror(errno));
}

Result<Descriptor> LockDirectory(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) {
    return Failure(ErrorCode::kAbsent, fmt::format("{} cannot be opened: {}", path, std::strerror(errno)));
  }
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) == 0) return directory;
  return Failure(ErrorCode::kBusy, fmt::format("{} is held by another program", path));
}

}  // namespace aims
