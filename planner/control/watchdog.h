#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace foresee::planner {

/// A thread of its own for work that may be late: whoever waits for it is back in time, with or without a result.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  Watchdog() = default;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  /// Waits for work that is late.
  ~Watchdog();

  /// Runs `work` in that thread and waits for its end, until `end` at most. Late work goes on; while it does, none is
  /// begun. `work` keeps what it reads and writes alive. @returns whether it was done. @throws what it threw in time.
  bool run(std::function<void()> work, Clock::time_point end);

  /// Begins `work` in that thread and comes back at once. @returns false, and begins nothing, while other work is not
  /// done.
  bool post(std::function<void()> work);
  /// Waits for the end of what was begun, until `end` at most. @returns whether it was done. @throws what it threw.
  bool wait(Clock::time_point end);

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // given, and not done yet
  std::exception_ptr error_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace foresee::planner
