// A directory of the test's own, gone with it; and pseudo-terminals, which are what a serial adapter is to a program.

#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "io/descriptor.h"

namespace aims {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = "/tmp/aims-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()));
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(*this / name, std::ios::binary) << text;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

struct Pty {
  Pty() : master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
    REQUIRE(master.get() >= 0);
    ::grantpt(master.get());
    ::unlockpt(master.get());
    path = ::ptsname(master.get());
    slave = Descriptor(::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }

  Descriptor master;
  Descriptor slave;  // held open, as a device is there before it is opened
  std::string path;
};

}  // namespace aims
