#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "data/episode/dataset.h"
#include "jepa/core/api/read_options.h"
#include "jepa/core/config.h"
#include "jepa/model/world_model.h"
#include "planner/eval/starts.h"

namespace foresee::planner {

// Note [Protocol swm]
// stable-worldmodel's own evaluation (scripts/plan, Aug 2026), to compare with numbers that were published by it:
// - starts are rows of the data set, all episodes alike, the trained ones too; row r of an episode counts when r <=
//   length - goal_offset - 1; which ones is what numpy.random.default_rng(seed).choice says, sorted;
// - the goal is goal_offset rows later; the state of both is set in the environment from the data set's columns;
// - the first plan sees the recorded picture, the goal is the recorded picture; later pictures are rendered;
// - actions are z-scored by all rows of the data set;
// - success is tested after every step, starts that are solved already are kept (as `solved_at_start` says how many);
// - a plan looks at one frame; horizon, block and budget are the defaults: 5 blocks of 5 steps, all executed, 50 steps.
// It is not a measure of generalisation: `near` is, with held-out episodes and without solved starts.

/// What differs between versions of that evaluation.
struct SwmConfig {
  bool release = false;               // the evaluator that LeWM was published with
  std::optional<std::string> starts;  // a JSON list of rows of the data set, instead of drawn ones
};
void describe(Fields& fields, SwmConfig& config);

/// Starts of protocol swm, with their pictures. @param environment  the row of `env`. @param picture_size  pixels that
/// the model takes.
/// @throws DataError when the data set lacks the environment's columns, has pictures of another size, or too few rows.
StartSet swm_starts(const data::EpisodeDataset& dataset, const Env& env, const Environment& environment,
                    const SwmConfig& config, uint64_t seed, int64_t count, int64_t offset,
                    std::optional<int64_t> picture_size);

/// The data set's actions as stable-worldmodel normalises them: mean and standard deviation of all rows.
/// @param block  environment steps an action block.
ActionSpec swm_actions(const data::EpisodeDataset& dataset, int64_t block);

/// A model as stable-worldmodel would plan with it on a data set: its own action statistics (if it has any: published
/// folders have none) give way to swm_actions(). @throws CheckpointError, DataError.
std::unique_ptr<WorldModel> swm_world_model(const std::filesystem::path& model, const std::filesystem::path& data,
                                            at::Device device = at::kCPU, const ReadOptions& read = {});

}  // namespace foresee::planner
