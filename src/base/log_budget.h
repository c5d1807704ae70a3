// How many lines of one kind are written, where the wire or other clients decide how often there is something to say: a
// bucket of tokens, which fills again with time. What was left out is counted, and told in one line.
// Pure.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace aims {

class LogBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `at_once`: lines after a quiet time; `per_minute`: lines for as long as it goes on.
  constexpr LogBudget(double at_once, double per_minute)
      : at_once_(at_once), per_minute_(per_minute), tokens_(at_once) {}

  // False: the line is left out.
  bool Take(Time now) {
    Fill(now);
    if (tokens_ < 1) {
      ++left_out_;
      return false;
    }
    tokens_ -= 1;
    return true;
  }

  // How many lines were left out, once a minute while there are some.
  std::optional<size_t> LeftOut(Time now) {
    if (left_out_ == 0) return {};
    if (!counted_from_) counted_from_ = now;
    if (now - *counted_from_ < std::chrono::minutes(1)) return {};
    counted_from_.reset();
    return std::exchange(left_out_, 0);
  }

 private:
  void Fill(Time now) {
    const std::chrono::duration<double> passed = now - filled_at_.value_or(now);
    tokens_ = std::min(at_once_, tokens_ + passed.count() / 60 * per_minute_);
    filled_at_ = now;
  }

  double at_once_;
  double per_minute_;
  double tokens_;
  size_t left_out_ = 0;
  std::optional<Time> filled_at_;
  std::optional<Time> counted_from_;
};

}  // namespace aims
