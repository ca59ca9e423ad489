#include "data/clip/frame_times.h"

#include <algorithm>
#include <cmath>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr double kToleranceS = 1e-6;

}  // namespace

FrameTimes::FrameTimes(const std::vector<double>& starts_s, double end_s)
    : count_(static_cast<int64_t>(starts_s.size())), end_s_(end_s) {
  FORESEE_CHECK(!starts_s.empty(), "expected the times of at least one frame");
  begin_s_ = starts_s.front();
  step_s_ = count_ > 1 ? (starts_s.back() - begin_s_) / static_cast<double>(count_ - 1) : end_s - begin_s_;
  // Times that a container has rounded (1 ms) are those of equal steps.
  const double slack_s = std::min(1.5e-3, 0.1 * step_s_);
  bool even = true;
  for (int64_t i = 0; i < count_ && even; ++i)
    even = std::abs(starts_s[static_cast<size_t>(i)] - (begin_s_ + static_cast<double>(i) * step_s_)) <= slack_s;
  if (!even) starts_s_ = starts_s;
}

FrameTimes FrameTimes::even(int64_t count, double fps) {
  FORESEE_CHECK(count > 0 && fps > 0, "expected frames at a positive rate, got {} at {} fps", count, fps);
  FrameTimes times;
  times.count_ = count;
  times.step_s_ = 1 / fps;
  times.end_s_ = static_cast<double>(count) / fps;
  return times;
}

double FrameTimes::start_s(int64_t frame) const {
  FORESEE_DCHECK(frame >= 0 && frame < count_, "expected a frame in [0, {}), got {}", count_, frame);
  return starts_s_.empty() ? begin_s_ + static_cast<double>(frame) * step_s_ : starts_s_[static_cast<size_t>(frame)];
}

int64_t FrameTimes::frame_at(double seconds) const {
  const double at = seconds + kToleranceS;
  if (at < begin_s_) return 0;
  if (!starts_s_.empty()) return std::upper_bound(starts_s_.begin(), starts_s_.end(), at) - starts_s_.begin() - 1;
  if (step_s_ <= 0 || at >= begin_s_ + static_cast<double>(count_) * step_s_) return count_ - 1;
  return std::min(count_ - 1, static_cast<int64_t>((at - begin_s_) / step_s_));
}

}  // namespace foresee::data
