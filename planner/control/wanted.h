#pragma once

#include <span>
#include <vector>

#include "jepa/core/tensor.h"
#include "jepa/model/world_model.h"

namespace foresee::planner {

/// One of the things that a problem wants.
struct Wanted {
  Tensor picture{};             // uint8 [3, H, W], RGB
  std::vector<double> state{};  // where StateSpec says that a goal has one; else empty
  double weight = 1;            // of its cost in the sum
};

/// What several problems want, of each the first, the second, ... @param problems  lists of one length, with pictures
/// of one size. @returns as many goals as each list has, of all problems; without weights where all are 1.
std::vector<Goal> goals_of(std::span<const std::vector<Wanted>* const> problems);

}  // namespace foresee::planner
