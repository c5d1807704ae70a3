// Does what may wait for a disk on a thread of its own, one job after the other in the order they were asked for. A
// disk that hangs holds up that thread, and nothing else.

#pragma once

#include <asio/any_io_executor.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/result.h"

namespace aims {

class Disk {
 public:
  using Work = std::function<Result<void>()>;
  using OnDone = std::function<void(const Result<void>&)>;

  explicit Disk(asio::any_io_executor executor);
  // Waits until everything is done. A program that must not wait ends with _exit.
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // `work` runs on the thread; `on_done` gets its result on the executor.
  void Do(Work work, OnDone on_done);

  // Waits, at most for `limit`, until everything is done; false: it is not. The executor stands still meanwhile.
  bool Finish(std::chrono::milliseconds limit);

 private:
  struct Job {
    Work work;
    OnDone on_done;
    asio::any_io_executor executor;  // whose run() goes on until this is answered
  };

  void Run();

  asio::any_io_executor executor_;
  std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // the first one is at work
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace aims
