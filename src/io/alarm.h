// Calls back once at a time that can be moved: for something that knows when it wants to be looked at again, and no
// clock.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

namespace aims {

class Alarm {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Alarm(const asio::any_io_executor& executor, std::function<void()> ring) : timer_(executor), ring_(std::move(ring)) {}

  // Rings at `time`, and not at the one set before; nothing: not at all.
  void Set(std::optional<Time> time) {
    if (time == time_) return;
    time_ = time;
    timer_.cancel();
    if (!time_) return;
    timer_.expires_at(*time_);
    timer_.async_wait([this](std::error_code stopped) {
      if (stopped || !time_ || *time_ > std::chrono::steady_clock::now()) return;
      time_.reset();
      ring_();
    });
  }

  std::optional<Time> time() const { return time_; }

 private:
  asio::steady_timer timer_;
  std::function<void()> ring_;
  std::optional<Time> time_;
};

}  // namespace aims
