#include "planner/eval/runner.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <mutex>

#include "jepa/core/error.h"

namespace foresee::planner {
namespace {

/// One group, all its worlds in step; nothing when stopped.
std::optional<std::vector<Episode>> run_group(const Env& world, std::span<const Start> starts, int64_t first,
                                              const ControllerFactory& make_controller, const RunOptions& options) {
  Worlds worlds;
  std::vector<Episode> episodes;
  std::vector<int64_t> active;
  for (const Start& start : starts) {
    auto& copy = worlds.emplace_back(world.clone());
    copy->set_goal(start.goal);
    copy->set_state(start.state);
    active.push_back(static_cast<int64_t>(active.size()));
    episodes.push_back({.start = first + active.back(), .path = {copy->state()}});
  }
  const auto controller = make_controller(worlds, first);
  for (int64_t step = 0; step < options.budget && !active.empty(); ++step) {
    if (options.stop.stop_requested()) return std::nullopt;
    const std::vector<Decision> decisions = controller->act(active);
    FORESEE_CHECK(decisions.size() == active.size(), "expected {} decisions, got {}", active.size(), decisions.size());
    for (size_t i = 0; i < active.size(); ++i) {
      const auto index = static_cast<size_t>(active[i]);
      Episode& episode = episodes[index];
      episode.success = worlds[index]->step(decisions[i].action);
      ++episode.steps;
      episode.path.push_back(worlds[index]->state());
      if (decisions[i].planning_ms) episode.planning_ms.push_back(*decisions[i].planning_ms);
    }
    std::erase_if(active, [&](int64_t index) { return episodes[static_cast<size_t>(index)].success; });
  }
  for (size_t i = 0; i < episodes.size(); ++i) episodes[i].final_distance = worlds[i]->distance_to_goal();
  return episodes;
}

}  // namespace

std::vector<Episode> run_episodes(const Env& world, std::span<const Start> starts, const ControllerFactory& controller,
                                  const RunOptions& options) {
  const auto total = static_cast<int64_t>(starts.size()), groups = (total + options.group - 1) / options.group;
  std::vector<std::optional<std::vector<Episode>>> finished(static_cast<size_t>(groups));
  std::mutex reporting;
  int64_t done = 0, successes = 0;
  const auto run = [&](int64_t index) {
    const int64_t first = index * options.group, count = std::min(options.group, total - first);
    auto episodes = run_group(world, starts.subspan(static_cast<size_t>(first), static_cast<size_t>(count)), first,
                              controller, options);
    if (!episodes) return;
    const std::lock_guard lock(reporting);
    done += count;
    successes += std::count_if(episodes->begin(), episodes->end(), [](const Episode& e) { return e.success; });
    finished[static_cast<size_t>(index)] = std::move(episodes);
    if (options.progress) options.progress(done, successes);
  };
  if (options.parallel_groups) {
    at::parallel_for(0, groups, 1, [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; ++index) run(index);
    });
  } else {
    for (int64_t index = 0; index < groups; ++index) run(index);
  }
  std::vector<Episode> episodes;
  for (auto& group : finished)
    if (group) std::move(group->begin(), group->end(), std::back_inserter(episodes));
  return episodes;
}

}  // namespace foresee::planner
