#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "jepa/core/action/action_spec.h"
#include "jepa/core/tensor.h"
#include "planner/space/ball.h"

namespace foresee::planner {

/// A number that candidates hold from a step of the plan on, outside its box too: a gripper that closes.
struct HeldNumber {
  int64_t number = 0;  // of the searched ones
  int64_t from_step = 0;
  double value = 1.0;
};

/// What is searched: which numbers of an action, and within which limits. How it is searched is the planner's matter.
/// Every candidate that is judged lies inside, and so does the plan.
/// The default searches every number of the action without limits. S numbers are searched; lists are [S] or empty.
struct ActionSpace {
  int64_t size = 0;                // numbers of an action; 0: as many as are searched
  std::vector<int64_t> searched;   // their places in the action; empty: all of them
  std::vector<double> others;      // [size], what numbers are that are not searched; empty: 0
  Tensor low, high;                // float [S], what candidates are cut to; undefined: no limit
  std::optional<ActionBall> ball;  // what they are moved to before; the box holds its center
  Tensor spline;                   // float [H, knots]: knots are searched (spline_weights); undefined: blocks
  std::vector<std::optional<double>> pinned;  // the first mean and all candidates hold this value
  std::optional<HeldNumber> held;             // after box and pins
  std::vector<double> dead_band;              // smaller numbers of the found plan become 0
  std::vector<double> first_std;              // deviations of the first iteration; empty: SearchConfig::init_std

  /// The same with its box in another dtype and on another device: the search's.
  ActionSpace to(const at::TensorOptions& options) const;

  /// Brings a first mean inside, and sets the first deviations. @param mean, std  float [B, H, S], changed.
  void begin(const Tensor& mean, const Tensor& std) const;
  /// Cuts candidates to the box, then sets pins and the held number. @param candidates  float [B, K, H, S], changed.
  void constrain(const Tensor& candidates) const;
  /// Applies the dead band, then constrain(). @param plan  float [B, H, S]. @returns the same shape.
  Tensor settle(const Tensor& plan) const;

  /// Applies the dead band alone: what the reference of a recorded search answers with.
  Tensor settle_only(const Tensor& plan) const;

  /// Searched numbers to actions. @param numbers  float [..., H, S]; with a spline [..., knots, S].
  /// @returns float [..., H, size].
  Tensor to_action(const Tensor& numbers) const;
  /// The inverse: leaves out what is not searched. @param action  float [..., size]. @returns float [..., S].
  Tensor from_action(const Tensor& action) const;
};

/// Whole actions in a box, and in a ball. @param low, high  float [D]; undefined: no limit.
ActionSpace box_space(const Tensor& low, const Tensor& high, const std::optional<ActionBall>& ball = {});

/// The bounds of every number of a block, normalised: (low, high), float [D] each; undefined where there is none.
/// Where normalised numbers are cut to [-1, 1], that is a limit too.
std::pair<Tensor, Tensor> normalised_bounds(const ActionSpec& actions);

}  // namespace foresee::planner
