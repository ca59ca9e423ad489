// What of ControlCore searches ahead: see its comment.
#include <algorithm>
#include <chrono>

#include "jepa/core/torch.h"
#include "planner/control/controller.h"

namespace foresee::planner {

void ControlCore::fall_back(int64_t problem) {
  get(problem).late = true;
  mpc_.fall_back(problem, safe_action_);
}

bool ControlCore::is_current(const Question& question) const {
  return get(question.problems[0]).episode == question.episode;
}

/// Whether what follows a problem's queue is searched already.
bool ControlCore::is_ahead(int64_t problem) const {
  return ahead_ && std::any_of(ahead_->questions.begin(), ahead_->questions.end(), [&](const Question& question) {
           return question.problems[0] == problem && is_current(question);
         });
}

/// Whether the act() that is run once more had no answer for a problem in time.
bool ControlCore::was_late(int64_t problem) const {
  const Course::Search* before = again_ != nullptr ? again_->of(problem) : nullptr;
  return before != nullptr && before->late;
}

/// Begins to search what follows the last queued block, of the problems that are at its begin.
void ControlCore::search_ahead(std::span<const int64_t> problems) {
  if (!config_.asynchronous || !options_.search || ahead_ || (again_ != nullptr && !again_->ahead)) return;
  auto ahead = std::make_shared<Ahead>();
  for (const int64_t problem : problems) {
    const Tensor queued = mpc_.queued(problem);
    if (!get(problem).history.wants_picture() || queued.size(0) != actions_.block) continue;
    Question& question = ahead->questions.emplace_back(ask({problem}));
    question.before = actions_.normalise(allowed(queued).to(at::kFloat).flatten()).view({1, 1, -1});
    question.goal_number = get(problem).goal_number;
    question.episode = get(problem).episode;
  }
  if (ahead->questions.empty()) return;
  const bool begun = watchdog_.post([this, ahead] {
    for (const Question& question : ahead->questions) ahead->answers.push_back(answer(question, {}, nullptr));
  });
  course_.ahead = begun;
  if (begun) ahead_ = std::move(ahead);
}

/// Takes the plans that were searched ahead for those that are due, and waits for them until the deadline. Those that
/// are late fall back. @returns the problems that nothing was searched for.
std::vector<int64_t> ControlCore::take_ahead(std::span<const int64_t> due, const Deadline& deadline) {
  std::vector<int64_t> without(due.begin(), due.end());
  if (!ahead_) return without;
  const bool wanted = std::any_of(due.begin(), due.end(), [&](int64_t problem) { return is_ahead(problem); });
  constexpr std::chrono::hours kAnyTime{24 * 365};
  const auto now = std::chrono::steady_clock::now();
  const bool patient = again_ != nullptr || (wanted && !deadline);
  const auto end = patient ? now + kAnyTime : wanted ? *deadline - std::chrono::milliseconds(2) : now;
  const std::shared_ptr<Ahead> ahead = ahead_;
  bool done = false;
  try {
    done = watchdog_.wait(end);
  } catch (...) {
    ahead_ = nullptr;
    if (wanted) throw;
    return without;  // nobody wants to know any more
  }
  for (size_t i = 0; i < ahead->questions.size(); ++i) {
    Question& question = ahead->questions[i];
    const int64_t problem = question.problems[0];
    if (!is_current(question) || !std::binary_search(due.begin(), due.end(), problem)) continue;
    std::erase(without, problem);
    if (!done || was_late(problem)) {
      course_.searches.push_back({.problem = problem, .late = true});
      fall_back(problem);
      question.episode = -1;  // what it finds comes too late
      continue;
    }
    get(problem).late = false;
    take(question, ahead->answers[i]);
    if (question.goal_number != get(problem).goal_number) mpc_.shorten(problem, actions_.block);
    question.episode = -1;
  }
  const bool open = std::any_of(ahead->questions.begin(), ahead->questions.end(),
                                [&](const Question& question) { return is_current(question); });
  if (done && !open) ahead_ = nullptr;
  return without;
}

}  // namespace foresee::planner
