// The exchange with one inverter: asks it, rests, and says when it is gone. A tty, a pseudo-terminal, a socket and a
// socket pair are all a descriptor to it, so tests speak at the other end of one. It does not know what it carries
// beyond where a reply ends, and it logs nothing: its errors are for the poller. What opens a line is open.h.

#pragma once

#include <array>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <string_view>

#include "base/result.h"
#include "wire/open.h"

namespace aims {

class Link {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Link(asio::any_io_executor executor) : stream_(executor), deadline_(executor) {}

  // Takes over a line that is open.
  void Adopt(OpenLine line);

  // Sends `request` and collects what comes back: until a complete line, a pause on the line, or `limit`. (On a tty
  // whose last reply was a complete line the kernel puts the next one together, and its pauses are not seen.) What lay
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

  static constexpr std::chrono::milliseconds kReplyLimit{1000};

 private:
  size_t TakeUnended(size_t size);
  bool Discard();
  void Arm(Clock::time_point when);
  tl::unexpected<Error> Lost(std::string_view why);

  asio::posix::stream_descriptor stream_;
  asio::steady_timer deadline_;
  bool by_line_ = false;  // the kernel puts a line together, because the last reply was one
  bool is_resting_ = false;
  bool is_woken_ = false;
  bool is_network_ = false;
  std::chrono::milliseconds silence_{};
  std::array<char, 512> bytes_;
};

}  // namespace aims
