// A limit in time for what a coroutine is doing: when it is over, something is cancelled. What the limit and its
// handler share outlives both.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace aims {

class Deadline {
 public:
  Deadline(const asio::any_io_executor& executor, std::chrono::milliseconds time, std::function<void()> cancel)
      : state_(std::make_shared<State>(executor)) {
    state_->timer.expires_after(time);
    state_->timer.async_wait([state = state_, cancel = std::move(cancel)](std::error_code stopped) {
      if (stopped || state->is_done) return;
      state->is_over = true;
      cancel();
    });
  }
  ~Deadline() {
    state_->is_done = true;
    state_->timer.cancel();
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  bool is_over() const { return state_->is_over; }

 private:
  struct State {
    explicit State(const asio::any_io_executor& executor) : timer(executor) {}

    asio::steady_timer timer;
    bool is_over = false;
    bool is_done = false;
  };

  std::shared_ptr<State> state_;
};

}  // namespace aims
