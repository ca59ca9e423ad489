#pragma once

#include "planner/search.h"

namespace foresee::planner {

/// Cross-entropy method (Rubinstein and Kroese 2004), as stable_worldmodel's CEMSolver:
///   x_0 = mean, x_s = mean + std * noise_s;  E = the `elites` cheapest;
///   mean <- mean of E,  std <- sample standard deviation of E (divisor |E| - 1).
/// No clipping, no momentum, no smallest standard deviation. The plan is the last mean, its cost the last elites' mean.
/// @throws ConfigError when there are fewer than two elites; what Search throws.
Plan cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config);

}  // namespace foresee::planner
