#pragma once

#include <cstdint>
#include <string>

#include "jepa/core/api/job.h"

namespace foresee {

/// Tells a job's observer how far one part of the job is: at its beginning, at every update, at its end.
class Progress {
 public:
  /// @param unit  what is counted: "steps", "episodes", "frames". @param start  how much was done before (a resumed
  /// run).
  Progress(const JobControl& control, std::string label, int64_t total, std::string unit, int64_t start = 0);

  /// @param note  more for people: "loss 0.31".
  void update(int64_t done, const std::string& note = "");
  /// The part is over; where it is not called, the job was broken off.
  void finish();

 private:
  JobObserver* observer_;  // may be null
  ProgressUpdate state_;
};

}  // namespace foresee
