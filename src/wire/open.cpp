#include "wire/open.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/deadline.h"
#include "wire/simulated_line.h"

namespace aims {
namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Stream = asio::posix::stream_descriptor;

constexpr std::chrono::seconds kPause{1};
// For an adapter that may belong to another program.
constexpr std::chrono::seconds kPauseForOthers{10};

// A socket that is connected, or why it is not.
asio::awaitable<tl::expected<Descriptor, std::error_code>> ConnectTo(asio::any_io_executor executor,
                                                                     tcp::endpoint endpoint) {
  const auto failed = [](int reason) {
    return tl::unexpected<std::error_code>(std::error_code(reason, std::system_category()));
  };
  Descriptor socket(::socket(endpoint.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) co_return failed(errno);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) {
    co_return std::move(socket);
  }
  if (errno != EINPROGRESS) co_return failed(errno);
  const auto stream = std::make_shared<Stream>(executor, socket.Release());
  const Deadline deadline(executor, Opener::kConnectLimit, [stream] {
    std::error_code ignored;
    stream->cancel(ignored);
  });
  std::error_code failure;
  co_await stream->async_wait(Stream::wait_write, asio::redirect_error(asio::use_awaitable, failure));
  if (failure) co_return failed(ETIMEDOUT);
  int reason = 0;
  socklen_t size = sizeof reason;
  ::getsockopt(stream->native_handle(), SOL_SOCKET, SO_ERROR, &reason, &size);
  if (reason != 0) co_return failed(reason);
  co_return Descriptor(stream->release());
}

}  // namespace

asio::awaitable<Result<OpenLine>> Opener::Open() {
  if (const auto* bridge = std::get_if<TcpBridge>(&address_)) co_return co_await Connect(*bridge);
  if (std::holds_alternative<SimulatedInverter>(address_)) co_return StartSimulator();
  const auto* port = std::get_if<SerialPort>(&address_);
  co_return Take(port ? OpenSerial(port->path, baud_rate_) : OpenOnlyAdapter(baud_rate_));
}

void Opener::Keep() {
  has_answered_ = true;
  pause_ = kPause;
  const bool is_lasting = path_.find("/serial/by-id/") != std::string::npos;
  if (std::holds_alternative<AnyAdapter>(address_) && is_lasting) address_ = SerialPort{path_};
}

Result<OpenLine> Opener::Take(Result<OpenPort> port) {
  const bool is_taken = port.has_value() || port.error().code == ErrorCode::kBadOption;
  pause_ = IsBorrowed() && is_taken ? kPauseForOthers : kPause;
  if (!port) return tl::unexpected<Error>(port.error());
  path_ = port->path;
  name_ = fmt::format("{} at {} baud", path_, baud_rate_);
  return OpenLine{std::move(port->descriptor), kLineSilence};
}

asio::awaitable<Result<OpenLine>> Opener::Connect(TcpBridge bridge) {
  name_ = ToString(address_);
  const auto addresses = co_await resolver_.Find(bridge.host);
  if (!addresses) co_return Failure(ErrorCode::kAbsent, fmt::format("{}: {}", name_, addresses.error().message));
  std::error_code failure;
  for (const tcp::endpoint& endpoint : AtPort(*addresses, bridge.port)) {
    auto socket = co_await ConnectTo(executor_, endpoint);
    if (socket) co_return OpenLine{std::move(*socket), kNetworkSilence, /*is_network=*/true};
    failure = socket.error();
  }
  const bool is_refused = failure == std::errc::connection_refused;
  co_return Failure(
      ErrorCode::kAbsent,
      fmt::format("{}: {}", name_, is_refused ? "nothing listens there (Connection refused)" : failure.message()));
}

Result<OpenLine> Opener::StartSimulator() {
  name_ = "a simulated inverter";
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return Failure(ErrorCode::kAbsent, fmt::format("the simulator cannot start: {}", std::strerror(errno)));
  }
  if (!simulator_) simulator_ = std::make_shared<Simulator>(Clock::now(), Simulator::Mains::kOutages, simulated_);
  auto line = std::make_shared<SimulatedLine>(Stream(executor_, ends[1]), simulator_, baud_rate_);
  asio::co_spawn(executor_, SimulatedLine::Serve(line), asio::detached);
  return OpenLine{Descriptor(ends[0]), kLineSilence};
}

}  // namespace aims
