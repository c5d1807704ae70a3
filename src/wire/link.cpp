#include "wire/link.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <termios.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "megatec/q1.h"
#include "wire/simulated_line.h"

namespace aims {
namespace {

using namespace std::chrono_literals;
using std::string_view;
using Stream = asio::posix::stream_descriptor;

// A line that never stops talking must not keep us from asking.
constexpr int kMostReadsToDiscard = 64;

constexpr std::chrono::seconds kPause{1};
// For an adapter of which we do not know whose it is.
constexpr std::chrono::seconds kPauseForOthers{10};

}  // namespace

Link::Link(asio::any_io_executor executor, Address address, int baud_rate)
    : stream_(executor), deadline_(executor), address_(std::move(address)), baud_rate_(baud_rate) {}

asio::awaitable<Result<void>> Link::Open() {
  Close();
  if (const auto* bridge = std::get_if<TcpBridge>(&address_)) co_return co_await Connect(*bridge);
  if (std::holds_alternative<SimulatedInverter>(address_)) co_return StartSimulator();
  const auto* port = std::get_if<SerialPort>(&address_);
  co_return Take(port ? OpenSerial(port->path, baud_rate_) : OpenOnlyAdapter(baud_rate_));
}

void Link::Adopt(Descriptor descriptor, std::chrono::milliseconds silence) {
  Close();
  stream_.assign(descriptor.Release());
  stream_.native_non_blocking(true);
  silence_ = silence;
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
  const auto hint = IsNetwork() ? Stream::wait_read : Stream::wait_error;
  std::error_code failure;
  Arm(time);
  is_woken_ = false;
  is_resting_ = true;
  do {
    co_await stream_.async_wait(hint, asio::redirect_error(asio::use_awaitable, failure));
    if (failure == asio::error::operation_aborted) is_woken_ = true;  // by the clock, or by Wake
  } while (!failure && !is_woken_ && IsNetwork() && Discard());
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

bool Link::IsNetwork() const { return std::holds_alternative<TcpBridge>(address_); }

bool Link::IsBorrowed() const { return std::holds_alternative<AnyAdapter>(address_) && !has_answered_; }

void Link::Keep() {
  has_answered_ = true;
  pause_ = kPause;
  const bool is_lasting = path_.find("/serial/by-id/") != std::string::npos;
  if (std::holds_alternative<AnyAdapter>(address_) && is_lasting) address_ = SerialPort{path_};
}

Result<void> Link::Take(Result<OpenPort> port) {
  const bool is_taken = port.has_value() || port.error().code == ErrorCode::kBadOption;
  pause_ = IsBorrowed() && is_taken ? kPauseForOthers : kPause;
  if (!port) return tl::unexpected<Error>(port.error());
  path_ = port->path;
  name_ = fmt::format("{} at {} baud", path_, baud_rate_);
  Adopt(std::move(port->descriptor), kLineSilence);
  return {};
}

asio::awaitable<Result<void>> Link::Connect(TcpBridge bridge) {
  name_ = ToString(address_);
  const std::string service = std::to_string(bridge.port);
  std::error_code failure;
  asio::ip::tcp::resolver resolver(stream_.get_executor());
  const auto found =
      co_await resolver.async_resolve(bridge.host, service, asio::redirect_error(asio::use_awaitable, failure));
  if (failure) co_return Failure(ErrorCode::kAbsent, fmt::format("{}: {}", name_, failure.message()));

  for (const auto& entry : found) {
    const auto endpoint = entry.endpoint();
    Descriptor socket(::socket(endpoint.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    failure = std::error_code(errno, std::system_category());
    if (socket.get() < 0) continue;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int reason = ::connect(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 ? 0 : errno;
    Adopt(std::move(socket), kNetworkSilence);
    if (reason == EINPROGRESS) {
      Arm(Clock::now() + kConnectLimit);
      co_await stream_.async_wait(Stream::wait_write, asio::redirect_error(asio::use_awaitable, failure));
      socklen_t size = sizeof reason;
      reason = failure ? ETIMEDOUT : 0;
      if (!failure) ::getsockopt(stream_.native_handle(), SOL_SOCKET, SO_ERROR, &reason, &size);
    }
    if (reason == 0) co_return Result<void>();
    failure = std::error_code(reason, std::system_category());
    Close();
  }
  co_return Failure(ErrorCode::kAbsent, fmt::format("{}: {}", name_, failure.message()));
}

Result<void> Link::StartSimulator() {
  name_ = "a simulated inverter";
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return Failure(ErrorCode::kAbsent, fmt::format("the simulator cannot start: {}", std::strerror(errno)));
  }
  Adopt(Descriptor(ends[0]), kLineSilence);
  if (!simulator_) simulator_ = std::make_shared<Simulator>(Clock::now(), Simulator::Mains::kOutages);
  auto line = std::make_shared<SimulatedLine>(Stream(stream_.get_executor(), ends[1]), simulator_, baud_rate_);
  asio::co_spawn(stream_.get_executor(), SimulatedLine::Serve(line), asio::detached);
  return {};
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
