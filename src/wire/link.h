// The way to one inverter: opens it, asks it, and says when it is gone. A tty, a pseudo-terminal, a socket and a socket
// pair are all a descriptor to it, so tests speak at the other end of one. It does not know what it carries beyond
// where a reply ends, and it logs nothing: its errors are for whoever polls.

#pragma once

#include <array>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "inverter/address.h"
#include "io/descriptor.h"
#include "megatec/simulator.h"
#include "wire/serial.h"

namespace aims {

class Link {
 public:
  using Clock = std::chrono::steady_clock;

  Link(asio::any_io_executor executor, Address address, int baud_rate);

  // Opens the address. Takes up to kConnectLimit for each of a host's addresses, and, where its name has to be looked
  // up, as long as the system's resolver does.
  asio::awaitable<Result<void>> Open();

  // What is, or was last, open, as a person would name it: "/dev/ttyUSB0 at 2400 baud".
  const std::string& name() const { return name_; }

  // Takes a descriptor that is open already. `silence`: how long a pause ends a reply.
  void Adopt(Descriptor descriptor, std::chrono::milliseconds silence);

  // Sends `request` and collects what comes back: until a complete line, a pause on the line, or `limit`. (On a tty
  // whose last reply was a complete line the kernel puts the next one together, and nobody sees its pauses.) What lay
  // there before is thrown away, so that a late reply is not taken for this one. The bytes are good until the next
  // call. kTimeout: nothing came within `limit`; kLinkDown: it is gone, and closed.
  asio::awaitable<Result<std::string_view>> Ask(std::string_view request,
                                                std::chrono::milliseconds limit = kReplyLimit);

  // Waits until `time`, or until the line is hung up: then it is closed, and false comes back.
  asio::awaitable<bool> Rest(Clock::time_point time);
  // Ends a Rest at once.
  void Wake();

  void Close();
  bool is_open() const { return stream_.is_open(); }

  // A connection may be dead without a word: after silence it is better opened again.
  bool IsNetwork() const;
  // An adapter that we chose ourselves, and that has not answered yet, may be somebody else's: it is not to be kept
  // long.
  bool IsBorrowed() const;
  // It has answered: it is ours for this run, by its lasting name where it has one.
  void Keep();
  // How long to leave alone what was closed or not there.
  std::chrono::seconds PauseBeforeOpen() const { return pause_; }

  static constexpr std::chrono::milliseconds kReplyLimit{1000};
  static constexpr std::chrono::milliseconds kConnectLimit{3000};
  static constexpr std::chrono::milliseconds kLineSilence{50};
  // A network's pauses are not the line's: bridges send what they have when they have it, and Wi-Fi holds it back.
  static constexpr std::chrono::milliseconds kNetworkSilence{250};

 private:
  asio::awaitable<Result<void>> Connect(TcpBridge bridge);
  Result<void> Take(Result<OpenPort> port);
  Result<void> StartSimulator();
  size_t TakeUnended(size_t size);
  bool Discard();
  void Arm(Clock::time_point when);
  tl::unexpected<Error> Lost(std::string_view why);

  asio::posix::stream_descriptor stream_;
  asio::steady_timer deadline_;
  Address address_;
  int baud_rate_;
  std::string name_;
  std::string path_;  // of the tty that is or was open
  bool has_answered_ = false;
  bool by_line_ = false;  // the kernel puts a line together, because the last reply was one
  bool is_resting_ = false;
  bool is_woken_ = false;
  std::chrono::seconds pause_{1};
  std::chrono::milliseconds silence_ = kLineSilence;
  std::shared_ptr<Simulator> simulator_;  // lives on while its line is closed and opened
  std::array<char, 512> bytes_;
};

}  // namespace aims
