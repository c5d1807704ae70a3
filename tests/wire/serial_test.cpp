#include "wire/serial.h"

#include <doctest/doctest.h>
#include <sys/file.h>

#include <filesystem>
#include <thread>

#include "tests/io/temporary.h"

using namespace aims;
namespace fs = std::filesystem;

namespace {

// A /dev of the test's own, with adapters by id.
struct Adapters {
  TemporaryDirectory dev;

  Adapters() { fs::create_directories(dev / "serial/by-id"); }
  std::string ById(const Pty& pty, const std::string& name) {
    fs::create_symlink(pty.path, dev / ("serial/by-id/" + name));
    return dev / ("serial/by-id/" + name);
  }
};

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a tty is opened raw, 8N1, at its speed, by a link too") {
  Pty pty;
  TemporaryDirectory directory;
  fs::create_symlink(pty.path, directory / "by-id");
  const auto port = OpenSerial(directory / "by-id", 9600);
  REQUIRE(port);
  termios line{};
  REQUIRE(::tcgetattr(port->descriptor.get(), &line) == 0);
  CHECK(::cfgetospeed(&line) == B9600);
  CHECK((line.c_lflag & (ICANON | ECHO | ISIG)) == 0);
  CHECK((line.c_iflag & (IXON | IXOFF | ICRNL | INLCR | ISTRIP)) == 0);
  CHECK((line.c_oflag & OPOST) == 0);
  CHECK((line.c_cflag & CSIZE) == CS8);
  CHECK((line.c_cflag & (PARENB | CSTOPB | CRTSCTS)) == 0);
  CHECK(port->path == directory / "by-id");
}

TEST_CASE("a tty gives away whole lines, or any byte") {
  Pty pty;
  const auto port = OpenSerial(pty.path, 2400);
  REQUIRE(port);
  const auto read = [&] {
    char bytes[64];
    const ssize_t got = ::read(port->descriptor.get(), bytes, sizeof bytes);
    return got < 0 ? std::string("nothing") : std::string(bytes, static_cast<size_t>(got));
  };
  const auto write = [&](const std::string& bytes) {
    REQUIRE(::write(pty.master.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  ReadByLine(port->descriptor.get(), /*by_line=*/true);
  // None of them may mean anything: NUL, ^C, ^D, backspace, ^U, ^V, DEL and those above.
  std::string any;
  for (int c = 0; c < 256; ++c) {
    if (c != '\r' && c != '\n') any += static_cast<char>(c);
  }
  write(any.substr(0, 40));
  CHECK(read() == "nothing");
  write(any.substr(40) + "\r(1");
  std::string line;
  for (std::string part = read(); part != "nothing"; part = read()) line += part;
  CHECK(line == any + "\r");
  ReadByLine(port->descriptor.get(), /*by_line=*/false);
  CHECK(read() == "(1");
  write("(");
  CHECK(read() == "(");
}

TEST_CASE("a port that somebody holds is busy, and the message names the file behind the link") {
  Pty pty;
  TemporaryDirectory directory;
  fs::create_symlink(pty.path, directory / "by-id");
  auto first = OpenSerial(pty.path, 2400);
  REQUIRE(first);
  const auto second = OpenSerial(directory / "by-id", 2400);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kBusy);
  CHECK(Has(second.error().message, directory / "by-id"));
  CHECK(Has(second.error().message, pty.path));

  first->descriptor = Descriptor();
  CHECK(OpenSerial(pty.path, 2400));
}

TEST_CASE("the port can be opened by others: no TIOCEXCL") {
  Pty pty;
  const auto port = OpenSerial(pty.path, 2400);
  REQUIRE(port);
  CHECK(Descriptor(::open(pty.path.c_str(), O_RDWR | O_NOCTTY)).get() >= 0);
}

TEST_CASE("what is not there, and what is no tty, is said by its name") {
  TemporaryDirectory directory;
  const auto absent = OpenSerial(directory / "none", 2400);
  CHECK(absent.error().code == ErrorCode::kAbsent);
  CHECK(Has(absent.error().message, directory / "none"));
  const auto file = OpenSerial(directory.Write("file", ""), 2400);
  CHECK(file.error().code == ErrorCode::kRefused);
  CHECK(OpenSerial("/dev/null", 2400).error().code == ErrorCode::kRefused);
}

TEST_CASE("the only adapter is taken") {
  Adapters adapters;
  Pty pty;
  const std::string path = adapters.ById(pty, "usb-1a86_USB_Serial-if00-port0");
  const auto port = OpenOnlyAdapter(2400, adapters.dev.path());
  REQUIRE(port);
  CHECK(port->path == path);
}

TEST_CASE("an adapter without a lasting name is taken by its number") {
  Adapters adapters;
  Pty pty;
  fs::create_symlink(pty.path, adapters.dev / "ttyUSB0");
  CHECK(OpenOnlyAdapter(2400, adapters.dev.path())->path == adapters.dev / "ttyUSB0");
  adapters.ById(pty, "usb-x");  // the same device: still one
  CHECK(OpenOnlyAdapter(2400, adapters.dev.path())->path == adapters.dev / "serial/by-id/usb-x");
}

TEST_CASE("radio sticks and ports that somebody holds are left alone") {
  Adapters adapters;
  Pty zigbee, held, ours;
  adapters.ById(zigbee, "usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus-if00-port0");
  const std::string held_path = adapters.ById(held, "usb-held");
  const std::string ours_path = adapters.ById(ours, "usb-ours");
  const auto holder = OpenSerial(held_path, 2400);
  const auto port = OpenOnlyAdapter(2400, adapters.dev.path());
  REQUIRE(port);
  CHECK(port->path == ours_path);
}

TEST_CASE("with two free adapters none is taken, and both are listed") {
  Adapters adapters;
  Pty one, two;
  const std::string first = adapters.ById(one, "usb-1");
  const std::string second = adapters.ById(two, "usb-2");
  const auto port = OpenOnlyAdapter(2400, adapters.dev.path());
  REQUIRE_FALSE(port);
  CHECK(port.error().code == ErrorCode::kBadOption);
  CHECK(Has(port.error().message, first));
  CHECK(Has(port.error().message, second));
  CHECK(OpenSerial(first, 2400));
}

TEST_CASE("adapters that are not taken keep the speed that somebody set them to") {
  Adapters adapters;
  Pty one, two;
  adapters.ById(one, "usb-1");
  adapters.ById(two, "usb-2");
  for (const Pty* pty : {&one, &two}) {
    termios line{};
    ::tcgetattr(pty->slave.get(), &line);
    ::cfsetospeed(&line, B115200);
    ::tcsetattr(pty->slave.get(), TCSANOW, &line);
  }
  CHECK_FALSE(OpenOnlyAdapter(2400, adapters.dev.path()));
  for (const Pty* pty : {&one, &two}) {
    termios line{};
    ::tcgetattr(pty->slave.get(), &line);
    CHECK(::cfgetospeed(&line) == B115200);
  }
}

TEST_CASE("where every adapter is somebody else's, it is said why") {
  Adapters adapters;
  Pty held;
  const std::string path = adapters.ById(held, "usb-held");
  const auto holder = OpenSerial(path, 2400);
  const auto port = OpenOnlyAdapter(2400, adapters.dev.path());
  CHECK(port.error().code == ErrorCode::kBusy);
  CHECK(Has(port.error().message, "locked"));
}

TEST_CASE("without an adapter there is nothing to take") {
  Adapters adapters;
  CHECK(OpenOnlyAdapter(2400, adapters.dev.path()).error().code == ErrorCode::kAbsent);
  CHECK(OpenOnlyAdapter(2400, adapters.dev / "none").error().code == ErrorCode::kAbsent);
}

TEST_CASE("radio sticks are known by their names") {
  CHECK(IsRadioStick("usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_V2-if00-port0"));
  CHECK(IsRadioStick("usb-dresden_elektronik_ingenieurtechnik_GmbH_ConBee_II_DE2-if00"));
  CHECK(IsRadioStick("usb-Nabu_Casa_SkyConnect_v1.0_abc-if00-port0"));
  CHECK(IsRadioStick("usb-Zooz_800_Z-Wave_Stick_533D004242-if00"));
  CHECK(IsRadioStick("usb-0658_0200_ZWAVE-if00"));
  CHECK_FALSE(IsRadioStick("usb-1a86_USB_Serial-if00-port0"));
  CHECK_FALSE(IsRadioStick("usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"));
}
