#include "planner/eval/runner.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/interrupt.h"

namespace foresee::planner {
namespace {

/// One group, all its worlds in step. Incomplete (nothing) when interrupted.
std::optional<std::vector<Episode>> run_group(const Env& world, std::span<const Start> starts, int64_t first,
                                              const ControllerFactory& make_controller, int64_t budget) {
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
  for (int64_t step = 0; step < budget && !active.empty(); ++step) {
    if (interrupted()) return std::nullopt;
    const std::vector<Decision> decisions = controller->act(active);
    FORESEE_CHECK(decisions.size() == active.size(), "expected {} decisions, got {}", active.size(), decisions.size());
    at::parallel_for(0, static_cast<int64_t>(active.size()), 8, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto index = static_cast<size_t>(active[static_cast<size_t>(i)]);
        const Decision& decision = decisions[static_cast<size_t>(i)];
        Episode& episode = episodes[index];
        episode.success = worlds[index]->step(decision.action);
        ++episode.steps;
        episode.path.push_back(worlds[index]->state());
        if (decision.planning_ms) episode.planning_ms.push_back(*decision.planning_ms);
      }
    });
    std::erase_if(active, [&](int64_t index) { return episodes[static_cast<size_t>(index)].success; });
  }
  for (size_t i = 0; i < episodes.size(); ++i) episodes[i].final_distance = worlds[i]->distance_to_goal();
  return episodes;
}

}  // namespace

std::vector<Episode> run_episodes(const Env& world, std::span<const Start> starts, const ControllerFactory& controller,
                                  const RunOptions& options) {
  std::vector<Episode> done;
  while (done.size() < starts.size()) {
    const size_t count = std::min(static_cast<size_t>(options.group), starts.size() - done.size());
    auto group = run_group(world, starts.subspan(done.size(), count), static_cast<int64_t>(done.size()), controller,
                           options.budget);
    if (!group) break;
    std::move(group->begin(), group->end(), std::back_inserter(done));
    if (options.progress) options.progress(done);
  }
  return done;
}

}  // namespace foresee::planner
