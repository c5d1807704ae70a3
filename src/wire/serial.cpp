#include "wire/serial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <termios.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <set>
#include <vector>

namespace aims {
namespace {

namespace fs = std::filesystem;
using std::string_view;

speed_t Speed(int baud_rate) {
  switch (baud_rate) {
    case 1200:
      return B1200;
    case 4800:
      return B4800;
    case 9600:
      return B9600;
    case 19200:
      return B19200;
    case 38400:
      return B38400;
    case 57600:
      return B57600;
    case 115200:
      return B115200;
    default:
      return B2400;
  }
}

// "/dev/serial/by-id/usb-x (/dev/ttyUSB0)", or the path alone where it is no link.
std::string Resolved(const std::string& path) {
  std::error_code ignored;
  const fs::path target = fs::canonical(path, ignored);
  return target.empty() || target == path ? path : fmt::format("{} ({})", path, target.string());
}

tl::unexpected<Error> OpenFailure(const std::string& path, int reason) {
  switch (reason) {
    case EACCES:
    case EPERM:
      return Failure(ErrorCode::kDenied, fmt::format("no permission to open {}", Resolved(path)));
    case EBUSY:
      return Failure(ErrorCode::kBusy, fmt::format("{} is in use by another program", Resolved(path)));
    default:
      return Failure(ErrorCode::kAbsent, fmt::format("{} cannot be opened: {}", path, std::strerror(reason)));
  }
}

bool SetRaw(int descriptor, int baud_rate) {
  termios line{};
  if (::tcgetattr(descriptor, &line) != 0) return false;
  ::cfmakeraw(&line);
  line.c_cflag &= ~static_cast<tcflag_t>(CSTOPB | CRTSCTS | HUPCL);
  line.c_cflag |= CLOCAL | CREAD;
  std::fill(std::begin(line.c_cc), std::end(line.c_cc), _POSIX_VDISABLE);
  line.c_cc[VMIN] = 1;
  line.c_cc[VTIME] = 0;
  line.c_cc[VEOL] = '\r';  // for ReadByLine
  ::cfsetispeed(&line, Speed(baud_rate));
  ::cfsetospeed(&line, Speed(baud_rate));
  return ::tcsetattr(descriptor, TCSANOW, &line) == 0;
}

Result<OpenPort> OpenAndLock(const std::string& path) {
  OpenPort port{Descriptor(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)), path};
  const int descriptor = port.descriptor.get();
  if (descriptor < 0) return OpenFailure(path, errno);
  if (::isatty(descriptor) == 0) {
    return Failure(ErrorCode::kRefused, fmt::format("{} is not a serial device", Resolved(path)));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return port;
  if (errno != EWOULDBLOCK) {
    return Failure(ErrorCode::kRefused, fmt::format("{} cannot be locked: {}", Resolved(path), std::strerror(errno)));
  }
  return Failure(ErrorCode::kBusy, fmt::format("{} is locked: another program uses it", Resolved(path)));
}

}  // namespace

Result<OpenPort> OpenSerial(const std::string& path, int baud_rate) {
  auto port = OpenAndLock(path);
  if (!port || SetRaw(port->descriptor.get(), baud_rate)) return port;
  return Failure(ErrorCode::kRefused,
                 fmt::format("{} does not take {} baud, 8N1: {}", Resolved(path), baud_rate, std::strerror(errno)));
}

void ReadByLine(int descriptor, bool by_line) {
  termios line{};
  if (::tcgetattr(descriptor, &line) != 0) return;
  line.c_lflag = by_line ? line.c_lflag | ICANON : line.c_lflag & ~static_cast<tcflag_t>(ICANON);
  ::tcsetattr(descriptor, TCSANOW, &line);
}

std::vector<std::string> ListAdapters(const std::string& folder) {
  const fs::path dev = folder;
  std::vector<std::string> adapters;
  std::set<fs::path> named;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(dev / "serial/by-id", ignored)) {
    adapters.push_back(entry.path().string());
    named.insert(fs::canonical(entry.path(), ignored));
  }
  for (const auto& entry : fs::directory_iterator(dev, ignored)) {
    const std::string name = entry.path().filename().string();
    const bool is_adapter = name.starts_with("ttyUSB") || name.starts_with("ttyACM");
    if (is_adapter && !named.contains(fs::canonical(entry.path(), ignored))) adapters.push_back(entry.path().string());
  }
  std::sort(adapters.begin(), adapters.end());
  return adapters;
}

Result<OpenPort> OpenOnlyAdapter(int baud_rate, const std::string& dev) {
  std::string only;
  size_t free = 0;
  std::string seen;
  for (const std::string& path : ListAdapters(dev)) {
    std::string why_not = "free";
    if (IsRadioStick(fs::path(path).filename().string())) {
      why_not = "a radio stick";
    } else if (const auto port = OpenAndLock(path)) {
      only = path;
      ++free;
    } else {
      why_not = port.error().message;
    }
    seen += fmt::format("{}{} ({})", seen.empty() ? "" : "; ", path, why_not);
  }
  if (free == 1) return OpenSerial(only, baud_rate);
  if (seen.empty()) return Failure(ErrorCode::kAbsent, "there is no serial adapter");
  if (free == 0) return Failure(ErrorCode::kBusy, fmt::format("no serial adapter is free: {}", seen));
  return Failure(ErrorCode::kBadOption,
                 fmt::format("more than one serial adapter is plugged in; set device or address to one of: {}", seen));
}

bool IsRadioStick(string_view name) {
  constexpr std::array<string_view, 7> kRadios{"zigbee", "zwave", "z-wave", "z_wave", "skyconnect", "conbee", "sonoff"};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return std::any_of(kRadios.begin(), kRadios.end(),
                     [&](string_view radio) { return lower.find(radio) != std::string::npos; });
}

}  // namespace aims
