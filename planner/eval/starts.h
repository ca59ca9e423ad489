#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/episode/training_set/contents.h"
#include "jepa/core/api/job.h"
#include "jepa/core/tensor.h"
#include "planner/env/collect.h"
#include "planner/env/factor_draw.h"

namespace foresee::planner {

/// Where an episode begins and where it is to end; the same list for every method.
struct Start {
  std::vector<double> state, goal;
  std::optional<int64_t> episode, row;  // of the expert data it was taken from (protocol near)
  Tensor picture{}, goal_picture{};     // uint8 [3, S, S], recorded ones (protocol swm); undefined: rendered
  std::shared_ptr<const Env> scene{};   // where its factors are not those of the evaluation; null: they are
  FactorValues factors{};               // of its scene: those that were drawn or recorded
  // Of the whole episode, the same for all starts on it; null: it is not from one, or has no actions.
  std::shared_ptr<const data::EpisodeContent> content{};
};

/// The starts of an evaluation and how they came about.
struct StartSet {
  std::vector<Start> starts;    // none of them solved already
  int64_t excluded_solved = 0;  // drawn, found solved, and left out
  std::string origin;           // one sentence: which data, how held out
  int64_t solved_at_start = 0;  // protocol swm, which keeps them
};

// Note [Evaluation protocols]
// near: the published protocol of LeWorldModel (goal_offset 25, budget 50). A row of an expert episode is the start,
// the row 25 steps later is the goal. Easy: a random policy gets a fifth of Two-Room's.
// far: start and goal as the environment's reset draws them, budget 100. In Two-Room they lie in opposite rooms, and
// nothing but a plan through the door gets there.
// Starts that satisfy the goal test before the first step say nothing about planning: they are drawn, counted and left
// out, until there are as many others as asked for.

/// Protocol near. Episodes are generated from the seed as for training (usual_collection(): Two-Room's are the expert's
/// with action noise 2.0, opposite rooms, at least 25 steps, at most 100); only held-out ids (data::held_out) are used;
/// all rows with a goal are equally likely and none is taken twice. With up to 100 starts, fewer starts are the first
/// ones of more.
/// Factors that the episodes draw are those of their starts.
/// @param collect  how the episodes are made; its seed also draws the rows. @param offset  steps from start to goal.
/// @param control  progress in episodes; stopped: a set without starts.
/// @throws Error when the episodes do not hold enough starts.
StartSet near_starts(const CollectConfig& collect, int64_t count, int64_t offset, const JobControl& control = {});
/// The same with the held-out episodes of an episode file: the states of its column `state`, in scenes with the factors
/// that its columns hold (factor_column).
/// @throws Error as above; DataError when the file has no such column.
StartSet near_starts(const CollectConfig& collect, const std::filesystem::path& data, int64_t count, int64_t offset);
/// With the environment's usual collection.
StartSet near_starts(const std::string& env, uint64_t seed, int64_t count, int64_t offset);

/// Protocol far. Start i is a pure function of (seed, i) but for excluded ones.
/// @param draw  factors that every start draws (Note [Factors]). @throws ConfigError as check_draw.
StartSet far_starts(const std::string& env, const EnvConfig& variation, uint64_t seed, int64_t count,
                    const std::vector<std::string>& draw = {});
StartSet far_starts(const std::string& env, uint64_t seed, int64_t count);

}  // namespace foresee::planner
