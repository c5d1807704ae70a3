#include "wire/link.h"

#include <termios.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <utility>

#include "megatec/q1.h"
#include "wire/serial.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using std::string_view;
using Stream = asio::posix::stream_descriptor;

// A line that never stops talking must not keep us from asking.
constexpr int kMostReadsToDiscard = 64;

}  // namespace

void Link::Adopt(OpenLine line) {
  Close();
  stream_.assign(line.descriptor.Release());
  stream_.native_non_blocking(true);
  silence_ = line.silence;
  is_network_ = line.is_network;
  by_line_ = false;
}

asio::awaitable<Result<string_view>> Link::Ask(string_view request, std::chrono::milliseconds time) {
  if (!Discard()) co_return Lost("it was hung up");
  const auto limit = Clock::now() + time;
  std::error_code failure;
  Arm(limit);
  const auto wire = asio::buffer(request.data(), request.size());
  co_await asio::async_write(stream_, wire, asio::redirect_error(asio::use_awaitable, failure));

  size_t size = 0;
  bool is_complete = false;
  while (!failure && !is_complete && size < bytes_.size()) {
    const auto room = asio::buffer(bytes_.data() + size, bytes_.size() - size);
    size += co_await stream_.async_read_some(room, asio::redirect_error(asio::use_awaitable, failure));
    is_complete = megatec::IsComplete({bytes_.data(), size}, request);
    const bool may_end = !is_complete && megatec::HasBegun({bytes_.data(), size}, request);
    if (may_end) Arm(std::min(limit, Clock::now() + silence_));
  }
  if (std::exchange(by_line_, is_complete) != is_complete) ReadByLine(stream_.native_handle(), is_complete);
  if (!is_complete) size += TakeUnended(size);
  if (failure && failure != asio::error::operation_aborted) co_return Lost(failure.message());
  if (size == 0) co_return Failure(ErrorCode::kTimeout, "no answer");
  co_return string_view(bytes_.data(), size);
}

// A tty that is hung up says so as an error; of a connection only its readable end tells, which has no more to read.
asio::awaitable<bool> Link::Rest(Clock::time_point time) {
  if (time <= Clock::now()) co_return true;
  const auto hint = is_network_ ? Stream::wait_read : Stream::wait_error;
  std::error_code failure;
  Arm(time);
  is_woken_ = false;
  is_resting_ = true;
  do {
    co_await stream_.async_wait(hint, asio::redirect_error(asio::use_awaitable, failure));
    if (failure == asio::error::operation_aborted) is_woken_ = true;  // by the clock, or by Wake
  } while (!failure && !is_woken_ && is_network_ && Discard());
  is_resting_ = false;
  if (is_woken_) co_return true;
  Close();
  co_return false;
}

void Link::Wake() {
  if (!is_resting_) return;
  is_woken_ = true;
  std::error_code ignored;
  stream_.cancel(ignored);
}

void Link::Close() {
  std::error_code ignored;
  stream_.close(ignored);
}

// What the kernel has kept of a line that did not end, now that bytes are read.
size_t Link::TakeUnended(size_t size) {
  const ssize_t got = ::read(stream_.native_handle(), bytes_.data() + size, bytes_.size() - size);
  return got < 0 ? 0 : static_cast<size_t>(got);
}

// Throws away what lies in the line's input. False: the line is gone.
bool Link::Discard() {
  ::tcflush(stream_.native_handle(), TCIFLUSH);  // also what is no line yet; nothing where it is no tty
  for (int i = 0; i < kMostReadsToDiscard; ++i) {
    const ssize_t got = ::read(stream_.native_handle(), bytes_.data(), bytes_.size());
    if (got == 0) return false;
    if (got < 0 && errno != EINTR) return errno == EAGAIN;
  }
  return true;
}

// A deadline outlives the call it limits; so the handler asks the clock again.
void Link::Arm(Clock::time_point when) {
  deadline_.expires_at(when);
  deadline_.async_wait([this](std::error_code stopped) {
    if (stopped || deadline_.expiry() > Clock::now()) return;
    std::error_code ignored;
    stream_.cancel(ignored);
  });
}

tl::unexpected<Error> Link::Lost(string_view why) {
  Close();
  return Failure(ErrorCode::kLinkDown, std::string(why));
}

}  // namespace aims
