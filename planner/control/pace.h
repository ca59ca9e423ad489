#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace foresee::planner {

/// How long searches of one shape take: what was seen at worst, which fades slowly, so that one hiccup is forgotten.
/// Seconds.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /// Watches one search, from now.
  void begin(int64_t samples) {
    samples_ = static_cast<double>(samples);
    last_ = Clock::now();
  }
  /// SearchRequest::go_on: takes the time of the iteration before, and says whether another one, and what comes after
  /// the last, are done before `end`.
  bool go_on(int64_t iteration, Clock::time_point end) {
    const double took = lap();
    worst(iteration == 0 ? before_ : candidate_, iteration == 0 ? took : took / samples_);
    return left(end) >= samples_ * candidate_ + after_;
  }
  /// Takes the time of what came after the last iteration.
  void finish() { worst(after_, lap()); }

  /// How many of `samples` candidates an iteration may have, so that `iterations` of them end before `end`. At least
  /// `fewest`; all where nothing is known yet.
  int64_t affordable(int64_t samples, int64_t fewest, int64_t iterations, Clock::time_point end) const {
    if (candidate_ <= 0) return samples;
    const double time = (left(end) - before_ - after_) / static_cast<double>(iterations);
    return std::clamp(static_cast<int64_t>(time / candidate_), std::min(fewest, samples), samples);
  }

 private:
  static void worst(double& seen, double now) { seen = now > seen ? now : 0.9 * seen + 0.1 * now; }
  static double left(Clock::time_point end) { return std::chrono::duration<double>(end - Clock::now()).count(); }
  double lap() {
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

  double before_ = 0, candidate_ = 0, after_ = 0;  // the first iteration, a candidate of one, the last
  double samples_ = 1;
  Clock::time_point last_{};
};

}  // namespace foresee::planner
