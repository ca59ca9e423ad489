#pragma once

#include "planner/control/course.h"
#include "planner/control/pace.h"
#include "planner/search.h"

namespace foresee::planner {

/// Ends a search in time for a deadline, by its pace, or where the same search ended before; chooses the threads that
/// the calling thread computes with, until it ends.
class Steering {
 public:
  /// @param pace  of searches of this shape. @param search  what is wanted where time allows it.
  Steering(Pace& pace, Pace::Time end, const SearchConfig& search);
  /// @param before  must outlive it.
  explicit Steering(const Course::Search& before);
  Steering(const Steering&) = delete;
  Steering& operator=(const Steering&) = delete;
  ~Steering();

  /// Candidates an iteration.
  int64_t samples() const { return course_.samples; }
  /// SearchRequest::go_on.
  bool go_on(int64_t iteration);
  /// After the last iteration, and what follows it.
  void finish();
  /// How it went.
  const Course::Search& course() const { return course_; }

 private:
  void turn(Course::Turn turn);

  Pace* pace_ = nullptr;
  Pace::Time end_{};
  const Course::Search* before_ = nullptr;
  int threads_;  // there were
  Course::Search course_{};
};

}  // namespace foresee::planner
