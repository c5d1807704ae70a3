#include "io/disk.h"

#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <utility>

namespace aims {

Disk::Disk(asio::any_io_executor executor) : executor_(std::move(executor)), thread_([this] { Run(); }) {}

Disk::~Disk() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Disk::Do(Work work, OnDone on_done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(
        {std::move(work), std::move(on_done), asio::prefer(executor_, asio::execution::outstanding_work.tracked)});
  }
  changed_.notify_all();
}

bool Disk::Finish(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return jobs_.empty(); });
}

void Disk::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job& job = jobs_.front();  // a deque's first element stays where it is while others come
    lock.unlock();
    const Result<void> result = job.work();
    asio::post(job.executor, [on_done = std::move(job.on_done), result] { on_done(result); });
    lock.lock();
    jobs_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace aims
