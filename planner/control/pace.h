#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace foresee::planner {

/// How long searches of one shape take on this machine, as busy as it is: a mean that follows what was seen last, and
/// how far times lie from it. The rule and its weights are those of TCP's retransmission timer (RFC 6298, section 2).
/// One hiccup is forgotten after some ten searches; unsteady times keep their distance from the deadline. Times are
/// `now`, which tests set.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  /// Watches one search with so many candidates an iteration.
  void begin(int64_t samples, Time now = Clock::now()) {
    samples_ = static_cast<double>(samples);
    last_ = now;
  }
  /// SearchRequest::go_on: takes the time of the iteration before, and says whether another one, and what comes after
  /// the last, are done before `end`.
  bool go_on(int64_t iteration, Time end, Time now = Clock::now()) {
    const double took = lap(now);
    if (iteration == 0)
      before_.take(took);
    else
      candidate_.take(took / samples_);
    return seconds(now, end) >= samples_ * candidate_.at_most() + after_.at_most();
  }
  /// Takes the time of what came after the last iteration.
  void finish(Time now = Clock::now()) { after_.take(lap(now)); }

  /// Whether there was an iteration yet.
  bool known() const { return candidate_.mean > 0; }
  /// Seconds that a candidate often takes.
  double candidate_s() const { return candidate_.often(); }

  /// How many of `samples` candidates an iteration may have, so that `iterations` of them are begun and end before
  /// `end`. At least `fewest`; all where nothing is known yet.
  int64_t affordable(int64_t samples, int64_t fewest, int64_t iterations, Time end, Time now = Clock::now()) const {
    if (!known()) return samples;
    const double time = seconds(now, end) - before_.mean - after_.at_most();
    const double most = time / (candidate_.at_most() + static_cast<double>(iterations - 1) * candidate_.often());
    const int64_t least = std::min(fewest, samples);
    return most < static_cast<double>(samples) ? std::max(static_cast<int64_t>(most), least) : samples;
  }

 private:
  /// Seconds.
  struct Estimate {
    double mean = 0, deviation = 0;

    void take(double now) {
      if (mean <= 0) {
        mean = now;
        deviation = now / 2;
        return;
      }
      deviation += (std::abs(now - mean) - deviation) / 8;
      mean += (now - mean) / 8;
    }
    double often() const { return mean + deviation; }
    double at_most() const { return mean + 4 * deviation; }
  };

  static double seconds(Time from, Time to) { return std::chrono::duration<double>(to - from).count(); }
  double lap(Time now) {
    const double took = seconds(last_, now);
    last_ = now;
    return took;
  }

  Estimate before_, candidate_, after_;  // the first iteration, a candidate of one, what follows the last
  double samples_ = 1;
  Time last_{};
};

/// The paces of one shape with all threads and with one. Beside busy processes one thread is often faster than several
/// that wait for each other; which is, only trying tells.
class PaceOfThreads {
 public:
  /// The pace of the next search; sets `one_thread`. Mostly the faster one: every 32nd search tries the other.
  /// @param threads  how many there are.
  Pace& next(int threads, bool& one_thread) {
    one_thread = false;
    if (threads == 1) return all_;
    const bool faster = one_.candidate_s() < all_.candidate_s();
    one_thread = !all_.known() ? false : !one_.known() ? true : ++searches_ % kTryAfter == 0 ? !faster : faster;
    return one_thread ? one_ : all_;
  }

 private:
  static constexpr int64_t kTryAfter = 32;
  Pace all_, one_;
  int64_t searches_ = 0;
};

}  // namespace foresee::planner
