#pragma once

#include "planner/cost.h"

namespace foresee::planner {

/// A constraint holds up to this excess.
inline constexpr double kConstraintTolerance = 1e-3;

/// What a plan costs at least that breaks a constraint.
inline constexpr double kBrokenCost = 1e12;

/// What plans are sorted by: their cost, and far above all that keep their constraints how far they are from it.
/// @param costs, excess  float [...], of the same shape. @returns the same shape.
Tensor order_of(const Tensor& costs, const Tensor& excess);

/// Mean square of a plan's numbers, those that the cost sees. @param actions  float [B, K, H, D]. @returns float [B,
/// K].
Tensor effort_of(const Tensor& actions);
/// Mean square of what changes from block to block; 0 for a single block. The same shapes.
Tensor change_of(const Tensor& actions);

/// The constraints effort <= most_effort and change <= most_change. @param most_effort, most_change  0: any.
/// @returns nothing where both may be any.
ConstraintFn effort_constraints(double most_effort, double most_change);

}  // namespace foresee::planner
