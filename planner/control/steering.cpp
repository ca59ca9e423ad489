#include "planner/control/steering.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

constexpr int64_t kWantedIterations = 3;  // rather fewer candidates than fewer iterations
constexpr int64_t kFewestCandidates = 16;

void set_threads(int count) {
  if (at::get_num_threads() != count) at::set_num_threads(count);
}

}  // namespace

Steering::Steering(Pace& pace, Pace::Time end, const SearchConfig& search)
    : pace_(&pace), end_(end), threads_(at::get_num_threads()) {
  course_.samples =
      pace.affordable(search.samples, kFewestCandidates, std::min(search.iterations, kWantedIterations), end);
  pace.begin(course_.samples, threads_);
  turn({true, pace.one_thread() ? 1 : threads_});
}

Steering::Steering(const Course::Search& before) : before_(&before), threads_(at::get_num_threads()) {
  FORESEE_CHECK(!before.turns.empty() && before.samples > 0, "expected a search that was run");
  course_.samples = before.samples;
  turn(before.turns.front());
}

Steering::~Steering() { set_threads(threads_); }

void Steering::turn(Course::Turn turn) {
  set_threads(static_cast<int>(turn.threads));
  course_.turns.push_back(turn);
}

bool Steering::go_on(int64_t iteration) {
  if (pace_ != nullptr) {
    const bool on = pace_->go_on(iteration, end_);
    turn({on, pace_->one_thread() ? 1 : threads_});
  } else {
    const size_t next = course_.turns.size();
    turn(next < before_->turns.size() ? before_->turns[next] : Course::Turn{.go_on = false, .threads = threads_});
  }
  return course_.turns.back().go_on;
}

void Steering::finish() {
  if (pace_ != nullptr) pace_->finish();
}

}  // namespace foresee::planner
