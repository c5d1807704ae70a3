#include "wire/simulated_line.h"

#include <array>
#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace aims {
namespace {

constexpr size_t kLongestRequest = 64;

}  // namespace

SimulatedLine::SimulatedLine(asio::posix::stream_descriptor stream, std::shared_ptr<Simulator> simulator, int baud_rate)
    : stream_(std::move(stream)),
      timer_(stream_.get_executor()),
      simulator_(std::move(simulator)),
      byte_time_(std::chrono::nanoseconds(std::chrono::seconds(10)) / baud_rate) {}

asio::awaitable<void> SimulatedLine::Serve(std::shared_ptr<SimulatedLine> line) {
  std::string request;
  std::array<char, kLongestRequest> input{};
  while (true) {
    std::error_code failure;
    const size_t got =
        co_await line->stream_.async_read_some(asio::buffer(input), asio::redirect_error(asio::use_awaitable, failure));
    if (failure) co_return;
    for (size_t i = 0; i < got; ++i) {
      if (request.size() == kLongestRequest) request.clear();
      request += input[i];
      if (input[i] != '\r' && input[i] != '\n') continue;
      co_await line->Answer(request);
      request.clear();
    }
  }
}

void SimulatedLine::Close() {
  std::error_code ignored;
  stream_.close(ignored);
  timer_.cancel();
}

// Each byte takes its time on the line, the request's as well as the reply's.
asio::awaitable<void> SimulatedLine::Answer(std::string request) {
  co_await Pass(byte_time_ * request.size());
  simulator_->Advance(std::chrono::steady_clock::now());
  const std::string reply = simulator_->Reply(request);
  co_await Pass(simulator_->ReplyDelay());
  const auto start = std::chrono::steady_clock::now();
  for (size_t sent = 0; sent < reply.size() && stream_.is_open(); ++sent) {
    co_await Pass(start + byte_time_ * (sent + 1) - std::chrono::steady_clock::now());
    std::error_code failure;
    co_await stream_.async_write_some(asio::buffer(reply.data() + sent, 1),
                                      asio::redirect_error(asio::use_awaitable, failure));
    if (failure) co_return;
  }
}

asio::awaitable<void> SimulatedLine::Pass(std::chrono::nanoseconds time) {
  std::error_code ignored;
  timer_.expires_after(time);
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace aims
