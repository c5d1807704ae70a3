// Something that one coroutine (never two at once) waits for and another, on the same executor, notifies.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>

namespace aims {

class Notification {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Notification(const asio::any_io_executor& executor) : timer_(executor) {}

  void Notify() {
    is_notified_ = true;
    timer_.cancel();
  }
  void Reset() { is_notified_ = false; }

  // Waits for one announcement since the last Reset(), at most until `limit`; false: none came.
  asio::awaitable<bool> Wait(Time limit = Time::max()) {
    if (!is_notified_) {
      std::error_code ignored;
      timer_.expires_at(limit);
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return is_notified_;
  }

 private:
  asio::steady_timer timer_;
  bool is_notified_ = false;
};

}  // namespace aims
