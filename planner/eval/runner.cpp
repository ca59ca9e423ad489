#include "planner/eval/runner.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <mutex>

#include "jepa/core/error.h"

namespace foresee::planner {
namespace {

/// @returns nothing when a search broke off since it was asked to stop.
std::optional<std::vector<Decision>> act_unless_stopped(Method& method, std::span<const int64_t> active,
                                                        const std::stop_token& stop) {
  try {
    return method.act(active);
  } catch (const Error&) {
    if (stop.stop_requested()) return std::nullopt;
    throw;
  }
}

/// Trial::held, of an environment that has reached its goal.
std::optional<bool> holds(Env& env) {
  if (!env.goes_on()) return std::nullopt;
  const std::vector<double> rest = env.rest();
  for (int64_t step = 0; step < kHoldSteps; ++step) env.step(rest);
  return env.solved();
}

/// One group, all its environments in step; nothing when stopped.
std::optional<std::vector<Trial>> run_group(const Env& env, std::span<const Start> starts, int64_t first,
                                            const MethodFactory& make_method, const RunOptions& options,
                                            const std::function<void(int64_t step)>& planned) {
  Envs envs;
  std::vector<Trial> trials;
  std::vector<int64_t> active;
  for (const Start& start : starts) {
    auto& copy = envs.emplace_back((start.scene ? *start.scene : env).clone());
    copy->set_goal(start.goal);
    copy->set_state(start.state);
    active.push_back(static_cast<int64_t>(active.size()));
    trials.push_back(
        {.start = first + active.back(), .distances = {copy->distance_to_goal()}, .path = {copy->state()}});
  }
  const auto method = make_method(envs, first);
  for (int64_t step = 0; step < options.budget && !active.empty(); ++step) {
    if (options.stop.stop_requested()) return std::nullopt;
    const auto decided = act_unless_stopped(*method, active, options.stop);
    if (!decided) return std::nullopt;
    const std::vector<Decision>& decisions = *decided;
    FORESEE_CHECK(decisions.size() == active.size(), "expected {} decisions, got {}", active.size(), decisions.size());
    for (size_t i = 0; i < active.size(); ++i) {
      const auto index = static_cast<size_t>(active[i]);
      Trial& trial = trials[index];
      trial.success = envs[index]->step(decisions[i].action);
      ++trial.steps;
      trial.path.push_back(envs[index]->state());
      trial.distances.push_back(envs[index]->distance_to_goal());
      if (decisions[i].planning_ms) trial.planning_ms.push_back(*decisions[i].planning_ms);
      if (trial.success) trial.held = holds(*envs[index]);
    }
    if (std::any_of(decisions.begin(), decisions.end(),
                    [](const Decision& made) { return made.planning_ms.has_value(); }))
      planned(step + 1);
    std::erase_if(active, [&](int64_t index) { return trials[static_cast<size_t>(index)].success; });
  }
  for (Trial& trial : trials) trial.final_distance = trial.distances.back();
  return trials;
}

}  // namespace

std::vector<Trial> run_trials(const Env& env, std::span<const Start> starts, const MethodFactory& method,
                              const RunOptions& options) {
  const auto total = static_cast<int64_t>(starts.size()), groups = (total + options.group - 1) / options.group;
  std::vector<std::optional<std::vector<Trial>>> finished(static_cast<size_t>(groups));
  std::mutex reporting;
  int64_t done = 0, successes = 0;
  const auto report = [&](int64_t step) {
    if (options.progress) options.progress(done, successes, step);
  };
  const auto planned = [&](int64_t step) {
    const std::lock_guard lock(reporting);
    report(step);
  };
  const auto run = [&](int64_t index) {
    const int64_t first = index * options.group, count = std::min(options.group, total - first);
    std::optional<std::vector<Trial>> trials;
    if (options.known) trials = options.known(first);
    const bool before = trials.has_value();
    if (!before)
      trials = run_group(env, starts.subspan(static_cast<size_t>(first), static_cast<size_t>(count)), first, method,
                         options, planned);
    if (!trials) return;
    const std::lock_guard lock(reporting);
    if (!before && options.played) options.played(first, *trials);
    done += count;
    successes += std::count_if(trials->begin(), trials->end(), [](const Trial& e) { return e.success; });
    finished[static_cast<size_t>(index)] = std::move(trials);
    report(0);
  };
  if (options.parallel_groups) {
    at::parallel_for(0, groups, 1, [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; ++index) run(index);
    });
  } else {
    for (int64_t index = 0; index < groups; ++index) run(index);
  }
  std::vector<Trial> trials;
  for (auto& group : finished)
    if (group) std::move(group->begin(), group->end(), std::back_inserter(trials));
  return trials;
}

}  // namespace foresee::planner
