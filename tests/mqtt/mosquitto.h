// A real mosquitto on a free loopback port, for as long as the object lives.

#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "tests/io/temporary.h"

namespace aims {

class Mosquitto {
 public:
  explicit Mosquitto(const std::string& settings = "allow_anonymous true\n") : port_(FreePort()) {
    directory_.Write("conf", "listener " + std::to_string(port_) + " 127.0.0.1\n" + settings);
    Start();
  }
  ~Mosquitto() { Stop(); }

  void Start() {
    pid_ = ::fork();
    if (pid_ == 0) {
      const int nowhere = ::open("/dev/null", O_RDWR);
      ::dup2(nowhere, 1);
      ::dup2(nowhere, 2);
      const std::string conf = directory_ / "conf";
      ::execlp("mosquitto", "mosquitto", "-c", conf.c_str(), nullptr);
      ::_exit(127);
    }
    for (int i = 0; i < 200; ++i) {
      asio::io_context context;
      asio::ip::tcp::socket socket(context);
      std::error_code failure;
      socket.connect({asio::ip::make_address("127.0.0.1"), port_}, failure);
      if (!failure) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL("mosquitto did not start");
  }
  void Stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void Freeze() const { ::kill(pid_, SIGSTOP); }
  void Thaw() const { ::kill(pid_, SIGCONT); }

  uint16_t port() const { return port_; }

 private:
  static uint16_t FreePort() {
    asio::io_context context;
    return asio::ip::tcp::acceptor(context, {asio::ip::make_address("127.0.0.1"), 0}).local_endpoint().port();
  }

  TemporaryDirectory directory_;
  uint16_t port_;
  pid_t pid_ = -1;
};

}  // namespace aims
