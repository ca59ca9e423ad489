#pragma once

#include <cstdint>
#include <vector>

namespace foresee::data {

/// When the frames of a video come on show. Frames that are equally far apart take no memory.
class FrameTimes {
 public:
  /// @param starts_s  rising, not empty. @param end_s  when the last frame goes.
  FrameTimes(const std::vector<double>& starts_s, double end_s);
  /// `count` frames, 1 / fps apart, the first at 0.
  static FrameTimes even(int64_t count, double fps);

  int64_t count() const { return count_; }
  double start_s(int64_t frame) const;
  double stop_s(int64_t frame) const { return frame + 1 < count_ ? start_s(frame + 1) : end_s_; }
  /// The frame on show at `seconds`; the first and last answer for times before and behind. Times are compared with a
  /// tolerance of a millionth of a second, which sums of rounded numbers need.
  int64_t frame_at(double seconds) const;
  bool even() const { return starts_s_.empty(); }

 private:
  FrameTimes() = default;

  int64_t count_ = 0;
  double begin_s_ = 0, step_s_ = 0, end_s_ = 0;
  std::vector<double> starts_s_;  // empty: begin_s_ + i * step_s_
};

}  // namespace foresee::data
