#pragma once

#include <cstdint>

#include "jepa/core/tensor.h"

namespace foresee::planner {

/// How the blocks of a plan follow from the knots of a spline: block h is sum over k of weight(h, k) times knot k. The
/// spline is a clamped uniform B-spline (de Boor 1978, chapter IX) of degree 3, or one less than there are knots. Its
/// weights are never negative and sum to 1: blocks keep to every convex limit that the knots keep to. The first block
/// is the first knot, the last block the last one.
/// @param blocks  1 or more. @param knots  1 .. blocks. @returns double [blocks, knots].
Tensor spline_weights(int64_t blocks, int64_t knots);

}  // namespace foresee::planner
