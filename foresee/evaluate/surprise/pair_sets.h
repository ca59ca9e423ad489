#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "planner/eval/surprise/scores.h"

namespace foresee {

/// Pairs of one kind; teleports of one distance.
struct PairSet {
  std::string kind;
  double distance_px = 0;  // of a teleport; 0: none
  int64_t count = 0;
  planner::PairMaker pair{};
  uint64_t coins = 0;  // step of the stream that decides ties
};

/// Pairs of every violation that an environment has, teleports of 20, 40 and 80 px.
/// @param count  pairs of each kind and distance.
std::vector<PairSet> environment_pairs(const std::string& env, const planner::Witness& witness, int64_t count,
                                       uint64_t seed);

/// The same of generated scenes (Note [Scenes]): all objects of a scene jump, take another colour, stop or vanish.
/// Distances are px of a picture with a side of 224.
std::vector<PairSet> scene_pairs(const planner::Witness& witness, int64_t count, uint64_t seed);

}  // namespace foresee
