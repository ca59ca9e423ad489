#pragma once

#include <deque>
#include <string>
#include <utility>

#include "jepa/core/api/job.h"

namespace foresee {

/// How fast a job goes now: over the last half minute or so, as the begin of a run is often slower or faster.
class RecentRate {
 public:
  /// @param seconds  since the job began; never less than before.
  void add(double seconds, int64_t done);
  /// Units per second; 0: not known yet.
  double per_second() const;

 private:
  std::deque<std::pair<double, int64_t>> seen_;  // seconds, done; oldest first
};

/// "train [====    ] 40/100 steps, 12/s, ETA 5 s, loss 0.31".
/// @param seconds  since the job began. @param rate  units per second; 0: not known.
/// @param width  columns of the terminal: the bar gives way first, then the note, then the rest is cut. 0: not a
/// terminal; no bar, any length.
std::string progress_line(const ProgressUpdate& update, double seconds, double rate, int width);

}  // namespace foresee
