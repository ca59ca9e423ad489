#pragma once

#include <cstdint>
#include <string>

#include "jepa/model/world_model.h"
#include "planner/control/mpc.h"
#include "planner/env/rollout.h"
#include "planner/eval/runner.h"

namespace foresee::planner {

/// Each world with its own policy of that name (random, noop, expert) and its own draws (Stream::kBaseline).
ControllerFactory policy_controller(const std::string& env, const std::string& policy, uint64_t seed);

/// How a world model acts.
enum class ModelMode {
  kSearch,      // a search from nothing, or from the blocks that the last plan left
  kWarmSearch,  // a search that begins at the model's own proposal
  kProposal,    // the model's own proposal, one block at a time, without a search: the inverse-dynamics baseline
};

/// Pictures to actions by a world model: what an evaluation is about.
/// @param model  must outlive the result. @param history  context frames, one action block apart, as far as there are
/// any. @param gain  proposals are multiplied with it (in normalised units): a head that was fitted to noisy
/// demonstrations says the mean of what was done, which is short.
/// @param recorded  the starts, outliving the result, where their first and goal pictures are recorded ones.
ControllerFactory model_controller(const WorldModel& model, const MpcConfig& config, int64_t history, uint64_t seed,
                                   ModelMode mode = ModelMode::kSearch, double gain = 1.0,
                                   std::span<const Start> recorded = {});

/// The same search on the true simulator: what perfect prediction would give.
/// @param block  environment steps an action block.
ControllerFactory oracle_controller(const MpcConfig& config, int64_t block, uint64_t seed);

}  // namespace foresee::planner
