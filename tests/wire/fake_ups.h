// The other end of a line, with a script: what it expects to be asked, and what it answers when. It checks the
// requests.
//
//   ups.Expect("Q1\r").Reply("(111.0 …\r");
//   ups.Expect("Q1\r").Reply("(late\r").After(30ms);
//   ups.Expect("Q1\r").Reply("(111.0 ").Then(10ms, "111.0 …\r");

#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "io/descriptor.h"

namespace aims {

class FakeUps {
 public:
  struct Piece {
    std::chrono::milliseconds pause;
    std::string bytes;
  };
  struct Exchange {
    std::string request;
    std::vector<Piece> pieces;
    bool hang_up = false;

    Exchange& Reply(std::string bytes) { return Then(std::chrono::milliseconds(0), std::move(bytes)); }
    Exchange& Then(std::chrono::milliseconds pause, std::string bytes) {
      pieces.push_back({pause, std::move(bytes)});
      return *this;
    }
    Exchange& After(std::chrono::milliseconds pause) {
      pieces.back().pause = pause;
      return *this;
    }
    void HangUp() { hang_up = true; }
  };

  FakeUps(asio::io_context& context, Descriptor line) : stream_(context, line.Release()), timer_(context) {
    asio::co_spawn(context, Serve(), asio::detached);
  }

  Exchange& Expect(std::string request) { return script_.emplace_back(Exchange{std::move(request), {}, false}); }
  bool IsDone() const { return script_.empty(); }

 private:
  asio::awaitable<void> Serve() {
    std::array<char, 64> input;
    std::string asked;
    while (true) {
      std::error_code failure;
      const size_t got =
          co_await stream_.async_read_some(asio::buffer(input), asio::redirect_error(asio::use_awaitable, failure));
      if (failure) co_return;
      asked.append(input.data(), got);
      if (script_.empty() || asked.size() < script_.front().request.size()) continue;
      const Exchange exchange = script_.front();
      script_.pop_front();
      CHECK(asked == exchange.request);
      asked.clear();
      for (const Piece& piece : exchange.pieces) {
        timer_.expires_after(piece.pause);
        if (piece.pause.count() > 0) co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, failure));
        co_await asio::async_write(stream_, asio::buffer(piece.bytes),
                                   asio::redirect_error(asio::use_awaitable, failure));
      }
      if (exchange.hang_up) stream_.close(failure);
    }
  }

  asio::posix::stream_descriptor stream_;
  asio::steady_timer timer_;
  std::deque<Exchange> script_;
};

}  // namespace aims
