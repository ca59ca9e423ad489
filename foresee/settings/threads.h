#pragma once

#include <cstdint>

namespace foresee {

/// The CPU threads of a job: sets them for as long as it lives, and puts the caller's number back.
class JobThreads {
 public:
  /// @param wanted  0: as the process is set. @throws Error for a negative number.
  explicit JobThreads(int64_t wanted);
  ~JobThreads();
  JobThreads(const JobThreads&) = delete;
  JobThreads& operator=(const JobThreads&) = delete;

  /// At least 1.
  int64_t count() const { return count_; }

 private:
  int64_t before_, count_;
};

}  // namespace foresee
