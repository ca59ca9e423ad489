#pragma once

#include "planner/gradient.h"
#include "planner/search.h"

namespace foresee::planner {

/// What the memetic search adds to sampling and descent.
struct MemeticConfig {
  int64_t steps = 2;  // descent steps of every elite, in every iteration
};
void describe(Fields& fields, MemeticConfig& config);

/// Sampling, then descent (a memetic algorithm: Moscato 1989; for planning with learned models: Bharadhwaj et al. 2020,
/// arXiv 2004.08763). One iteration, for the candidates s and the elites E of the cross-entropy method:
///   x_s = limits(mean + std * noise_s),  x_0 = limits(mean);  E = the `elites` cheapest
///   E' = E after `steps` descent steps through the model (GradientConfig), each cut to the limits
///   E = the `elites` cheapest of E and E';  mean <- mean of E,  std <- sample deviation of E
/// The plan is the cheapest candidate of the whole search.
/// @throws ConfigError when there are fewer than two elites; Error where the cost gives no gradients; what Search
/// throws.
Plan memetic(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const MemeticConfig& memetic,
             const GradientConfig& gradient, const ActionSpace& space = {});

}  // namespace foresee::planner
