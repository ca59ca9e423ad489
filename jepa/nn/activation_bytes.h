#pragma once

#include <cstdint>

namespace foresee {

// Lower bounds of what a transformer needs besides its weights, for a check before anything is allocated: what is
// refused could never fit, and what passes may still not. Doubles, so that no sizes overflow.

/// Bytes that a forward pass without gradients holds at once, at least: the tokens, their queries, keys and values, and
/// one side of the MLP. @param tokens  of the whole batch.
inline double forward_bytes(double tokens, int64_t width, double mlp) {
  return sizeof(float) * tokens * (4.0 * static_cast<double>(width) + mlp);
}

/// Bytes that a training step keeps for the way back, at least: in each block the tokens, their queries, keys and
/// values and one side of the MLP, in half precision.
inline double training_bytes(double tokens, int64_t width, double mlp, int64_t depth) {
  return forward_bytes(tokens, width, mlp) / 2 * static_cast<double>(depth);
}

}  // namespace foresee
