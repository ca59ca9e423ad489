#include "planner/control/watchdog.h"

#include <utility>

#include "jepa/core/torch.h"

namespace foresee::planner {

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Watchdog::run(std::function<void()> work, Clock::time_point end) {
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_until(lock, end, [&] { return !work_; }) || Clock::now() >= end) return false;
  }
  return post(std::move(work)) && wait(end);
}

bool Watchdog::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (work_) return false;
  work_ = std::move(work);
  error_ = nullptr;
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  changed_.notify_all();
  return true;
}

bool Watchdog::wait(Clock::time_point end) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, end, [&] { return !work_; })) return false;
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return true;
}

void Watchdog::loop() {
  at::init_num_threads();  // as many as the program set
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return work_ || ending_; });
    if (!work_) return;
    const std::function<void()> work = work_;
    lock.unlock();
    std::exception_ptr error;
    try {
      work();
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    work_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace foresee::planner
