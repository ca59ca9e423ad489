#pragma once

#include <cstdint>

#include "jepa/core/tensor.h"

namespace foresee {

/// How near each seen token is to the hidden ones: 1 / sqrt(d), d its distance to the nearest of them on the grid of
/// tokens (time, row, column; Euclidean, at least 1). It weighs the loss on context tokens: those at the border of what
/// is hidden count most (V-JEPA 2.1, arXiv 2603.14482, lambda_i of the dense predictive loss).
/// @param seen  int64 [B, Nc], ids of tokens, time slowest. @param hidden  int64 [B, Nt], Nt at least 1.
/// @param height, width  of the grid, in tokens.
/// @returns float [B, Nc], in (0, 1], without gradient.
Tensor nearness(const Tensor& seen, const Tensor& hidden, int64_t height, int64_t width);

}  // namespace foresee
