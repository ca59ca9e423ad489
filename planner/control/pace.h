#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace foresee::planner {

/// How long searches of one shape take on this machine, as busy as it is: a mean that follows what was seen last, and
/// how far times lie from it; at most the mean and four times that, as in TCP's retransmission timer (RFC 6298). One
/// hiccup is forgotten after some ten searches; unsteady times keep their distance from the deadline.
///
/// Beside busy processes one thread is often faster than several that wait for each other, and only trying tells. So in
/// the first eight searches, and in two of 32, the iterations take turns, and neighbours are compared: they have as
/// many candidates, and the machine is as busy. `now` is an argument for tests.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  /// Watches one search with so many candidates an iteration. @param threads  how many there are.
  void begin(int64_t samples, int threads = 1, Time now = Clock::now()) {
    const bool goes_on = trying_ && samples_ == static_cast<double>(samples);
    samples_ = static_cast<double>(samples);
    last_ = now;
    trying_ = threads > 1 && (searches_ < kLearning || searches_ % kTryAfter < 2);
    ++searches_;
    if (trying_ && goes_on) return;  // searches of a single iteration are compared, too
    one_now_ = one_is_faster_;
    neighbour_ = 0;
  }
  /// Whether what comes next is to run on one thread.
  bool one_thread() const { return one_now_; }
  /// SearchRequest::go_on: takes the time of the iteration before, and says whether another one, and what comes after
  /// the last, are done before `end`.
  bool go_on(int64_t iteration, Time end, Time now = Clock::now()) {
    const double took = lap(now);
    if (iteration == 0)
      before_.take(took);
    else if (one_now_ == one_is_faster_)
      candidate_.take(took / samples_);
    if (trying_ && iteration > 0) take_turns(took);
    return seconds(now, end) >= samples_ * candidate_.at_most() + after_.at_most();
  }
  /// Takes the time of what came after the last iteration.
  void finish(Time now = Clock::now()) {
    after_.take(lap(now));
    if (!trying_ || (gain_ < 0) == one_is_faster_) return;
    one_is_faster_ = !one_is_faster_;
    const double times = std::exp(one_is_faster_ ? gain_ : -gain_);
    candidate_.mean *= times;
    candidate_.deviation *= times;
  }

  /// How many of `samples` candidates an iteration may have, so that `iterations` of them are begun and end before
  /// `end`. At least `fewest`; all where nothing is known yet.
  int64_t affordable(int64_t samples, int64_t fewest, int64_t iterations, Time end, Time now = Clock::now()) const {
    if (candidate_.mean <= 0) return samples;  // nothing is known yet
    const double time = seconds(now, end) - before_.mean - after_.at_most();
    const double most = time / (candidate_.at_most() + static_cast<double>(iterations - 1) * candidate_.often());
    const int64_t least = std::min(fewest, samples);
    return most < static_cast<double>(samples) ? std::max(static_cast<int64_t>(most), least) : samples;
  }

 private:
  static constexpr int64_t kLearning = 8, kTryAfter = 32;

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

  /// Compares an iteration with its neighbour, and lets the next one run the other way.
  void take_turns(double took) {
    if (neighbour_ > 0) {
      const double gain = std::log(one_now_ ? took / neighbour_ : neighbour_ / took);
      gain_ += (gain - gain_) / (compared_ < 4 ? static_cast<double>(++compared_) : 4.0);
    }
    neighbour_ = took;
    one_now_ = !one_now_;
  }

  Estimate before_, candidate_, after_;  // the first iteration, a candidate of one, what follows the last
  double samples_ = 1;
  Time last_{};
  int64_t searches_ = 0;
  int64_t compared_ = 0;
  double gain_ = 0;       // log of the time with one thread over that with all
  double neighbour_ = 0;  // seconds of the iteration before, in a search that tries
  bool trying_ = false, one_now_ = false, one_is_faster_ = false;
};

}  // namespace foresee::planner
