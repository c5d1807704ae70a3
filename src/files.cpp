#include "files.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "descriptor.h"

namespace aims {

Result<std::string> ReadFile(const std::string& path, size_t most) {
  const auto unreadable = [&] {
    return Failure(ErrorCode::kAbsent, fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  };
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return unreadable();
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

}  // namespace aims
