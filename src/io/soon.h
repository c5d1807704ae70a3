// Does something once, after all that is ready now: sixty-four inverters that fail in the same second are one write.

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <functional>
#include <utility>

namespace aims {

class Soon {
 public:
  // Outlives what it posts.
  Soon(asio::any_io_executor executor, std::function<void()> act) : executor_(executor), act_(std::move(act)) {}
  Soon(const Soon&) = delete;
  Soon& operator=(const Soon&) = delete;

  void Ask() {
    if (std::exchange(is_asked_, true)) return;
    asio::post(executor_, [this] {
      is_asked_ = false;
      act_();
    });
  }

 private:
  asio::any_io_executor executor_;
  std::function<void()> act_;
  bool is_asked_ = false;
};

}  // namespace aims
