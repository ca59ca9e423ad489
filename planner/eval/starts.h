#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "planner/env/env.h"

namespace foresee::planner {

/// Where an episode begins and where it is to end; the same list for every method.
struct Start {
  std::vector<double> state, goal;
  std::optional<int64_t> episode, row;  // of the expert data it was taken from (protocol near)
};

/// The starts of an evaluation and how they came about.
struct StartSet {
  std::vector<Start> starts;    // none of them solved already
  int64_t excluded_solved = 0;  // drawn, found solved, and left out
  std::string origin;           // one sentence: which data, how held out
};

// Note [Evaluation protocols]
// near: the published protocol of LeWorldModel (goal_offset 25, budget 50). A row of an expert episode is the start,
// the
//   row 25 steps later is the goal. Easy: a random policy gets a fifth of them.
// far: start and goal in opposite rooms, budget 100. Nothing but a plan through the door gets there.
// Starts that satisfy the goal test before the first step say nothing about planning: they are drawn, counted and left
// out, until there are as many others as asked for.

/// Protocol near. Expert episodes are generated from the seed as for training (opposite rooms, at least 25 steps,
/// action noise 2.0, at most 100 steps); only held-out ids (data::held_out) are used; all rows with a goal are equally
/// likely and none is taken twice. With up to 100 starts, fewer starts are the first ones of more.
/// @param offset  steps from start to goal. @throws Error when the episodes do not hold enough starts.
StartSet near_starts(const std::string& env, uint64_t seed, int64_t count, int64_t offset);

/// Protocol far. Start i is a pure function of (seed, i) but for excluded ones.
/// @throws Error when the environment has no such protocol.
StartSet far_starts(const std::string& env, uint64_t seed, int64_t count);

}  // namespace foresee::planner
