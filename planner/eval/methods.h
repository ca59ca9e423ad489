#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "jepa/model/world_model.h"
#include "planner/control/controller.h"
#include "planner/env/environments.h"
#include "planner/env/rollout.h"
#include "planner/eval/runner.h"

namespace foresee::planner {

/// Each environment with its own policy of that name (random, noop, expert) and its own draws (Stream::kBaseline).
/// @param environment  the row of their kind; must outlive the result.
MethodFactory policy_method(const Environment& environment, const std::string& policy, uint64_t seed);

/// Pictures to actions by a world model: what an evaluation is about. Renders what ControlCore asks for.
/// @param model  must outlive the result. @param search  false: the model's own proposal, one block at a time, without
/// a search: the inverse-dynamics baseline.
/// @param recorded  the starts, outliving the result, where their first and goal pictures are recorded ones.
/// @param stop  asked within a search, which then ends with an Error.
MethodFactory model_method(const WorldModel& model, const ControlConfig& config, uint64_t seed, bool search = true,
                           std::span<const Start> recorded = {}, std::stop_token stop = {});

/// Told of every plan that is searched. @param env  of the group, from 0.
using PlanWatch = std::function<void(size_t env, const ControlPlan& plan)>;

/// The same with all options of control and with somebody who looks at the plans. @param options  problems and first
/// are those of each group.
MethodFactory watched_model_method(const WorldModel& model, const ControlConfig& config, const ControlOptions& options,
                                   std::span<const Start> recorded, PlanWatch watch);

/// The robot's own state as recorded episodes call it: column proprio or state. @returns spec.size numbers.
/// @throws Error where the environment has no such column.
std::vector<double> own_state(const Env& env, const StateSpec& spec);

/// The same search on the true simulator: what perfect prediction would give.
/// @param block  environment steps an action block.
MethodFactory oracle_method(const MpcConfig& config, int64_t block, uint64_t seed);

}  // namespace foresee::planner
