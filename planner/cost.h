#pragma once

#include <functional>

#include "jepa/core/tensor.h"

namespace foresee::planner {

/// What a planner sees of a model, a simulator or a formula: the cost of candidate action sequences.
/// @param actions  float [B, K, H, D]: D = normalised action block.
/// @param rows     int64 [B]: which of the planned problems each row is (environments still active).
/// @returns        float [B, K], lower is better; differentiable where `actions` requires gradients and the cost can.
using CostFn = std::function<Tensor(const Tensor& actions, const Tensor& rows)>;

/// What a plan has to keep, beside its cost. @param actions, rows  as above.
/// @returns float [B, K, C], constraint c holds where it is at most 0; differentiable.
using ConstraintFn = std::function<Tensor(const Tensor& actions, const Tensor& rows)>;

}  // namespace foresee::planner
