// A coroutine's pause.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

namespace aims {

inline asio::awaitable<void> PauseUntil(asio::any_io_executor executor, std::chrono::steady_clock::time_point time) {
  asio::steady_timer timer(executor, time);
  std::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

inline asio::awaitable<void> Pause(asio::any_io_executor executor, std::chrono::steady_clock::duration time) {
  return PauseUntil(std::move(executor), std::chrono::steady_clock::now() + time);
}

}  // namespace aims
