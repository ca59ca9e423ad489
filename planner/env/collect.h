#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "data/episode/episode.h"
#include "jepa/core/api/job.h"
#include "planner/env/env_config.h"
#include "planner/env/search_policy.h"

namespace foresee::planner {

/// How episodes are recorded. The defaults are the LeWM data of Two-Room: start and goal in opposite rooms, at least 25
/// steps apart, a noisy expert.
struct CollectConfig {
  std::string env = "two_room";
  std::string policy = "expert";
  double noise = 2.0;       // standard deviation added to the expert's action; cem: as a share of half the range
  int64_t max_steps = 100;  // an episode ends at the goal, or after so many steps
  bool stop_at_goal = true;
  int64_t size = 64;  // pixels, height and width
  uint64_t seed = 0;
  EnvConfig variation;
  std::vector<std::string> draw{};  // factors that every episode draws for itself (Note [Factors])
  SearchPolicyConfig cem;           // of policy cem
};
void describe(Fields& fields, CollectConfig& config);
/// What an environment's episodes are when nothing is said (Environment::collection).
/// @throws Error naming the known environments.
CollectConfig usual_collection(const std::string& env, const EnvConfig& variation = {});

/// Records one episode: a pure function of (config, id). Rows: the start and the state after every step; the row's
/// action leaves it, so the last one is NaN. Columns: action and Env::columns() as float32, terminated as bool, and the
/// value of each factor that was drawn, float32, the same in every row (factor_column). @throws ConfigError as
/// check_draw.
data::Episode generate_episode(const CollectConfig& config, uint64_t id);

/// Who watches episodes being recorded and who may end it.
struct CollectWatch {
  std::stop_token stop{};                    // asked before every step
  std::function<void(int64_t done)> seen{};  // after every episode, one call at a time; may be empty
};

/// The episodes of these ids, on several threads: the same bytes whatever their number. None when it was stopped.
std::vector<data::Episode> generate_episodes(const CollectConfig& config, std::span<const uint64_t> ids,
                                             const CollectWatch& watch = {});
/// The same, with progress in episodes below a label. None when it was stopped.
std::vector<data::Episode> generate_episodes(const CollectConfig& config, std::span<const uint64_t> ids,
                                             const std::string& label, const JobControl& control);
/// Episodes first_id .. first_id + count - 1, likewise.
std::vector<data::Episode> generate_episodes(const CollectConfig& config, int64_t count, uint64_t first_id = 0,
                                             const CollectWatch& watch = {});

}  // namespace foresee::planner
