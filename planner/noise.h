#pragma once

#include <cstdint>
#include <span>

#include "jepa/core/tensor.h"
#include "planner/search.h"

namespace foresee::planner {

/// A problem's own name, and how many plans it has had: what its noise depends on.
struct PlanId {
  int64_t problem = 0;
  int64_t number = 0;
};

/// Draws the noise of whole searches ahead. A problem's draws depend on seed and id only, not on its neighbours.
/// @param block_size  numbers of a block that are searched.
/// @returns float [iterations, B, samples, config.steps(), block_size], on the CPU.
Tensor draw_noise(uint64_t seed, std::span<const PlanId> ids, const SearchConfig& config, int64_t block_size);

/// Gives white noise the power spectrum 1 / f^beta along the last axis and unit sample standard deviation.
/// A sequence of length 1 stays as it is. @param white  float [..., H], standard normal. @returns the same shape.
Tensor colour_noise(const Tensor& white, double beta);

}  // namespace foresee::planner
