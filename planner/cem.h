#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "planner/search.h"

namespace foresee::planner {

/// Shares of the old Gaussian that an update keeps: one for all numbers, or one per searched number; empty: 0.
struct Momentum {
  std::vector<double> mean, std;
};

/// What the variants of the cross-entropy method choose. The default is the plain method.
struct CemOptions {
  std::string_view name = "cem";       // in messages
  Momentum momentum;                   // of the update
  int64_t keep = 0;                    // elites that are carried into the next iteration
  std::optional<double> noise_beta;    // exponent of the noise spectrum over the horizon; none: white noise
  bool mean_first = true;              // candidate 0 is the mean itself
  std::optional<double> smallest_std;  // deviations do not fall below it; none: they may vanish
  bool return_mean = true;             // the plan is the last mean; false: the best elite of the last iteration
  bool cut_plan = true;  // the plan lies in the space too; false: as references, which cut candidates only
};

/// Cross-entropy method (Rubinstein and Kroese 2004). One iteration, for the candidates s and the elites E:
///   x_s = limits(mean + std * noise_s)            limits: box, pins and held number of the space
///   x_0 = limits(mean) if `mean_first`;  the next `keep` candidates are the best elites of the iteration before
///   E = the `elites` cheapest
///   mean <- (1 - m) mean of E + m mean,  std <- (1 - m) sample deviation of E (divisor |E| - 1) + m std
/// The plan is limits(the last mean, or the best elite, after the dead band of the space); its cost is its own. The
/// variants:
/// - plain, stable_worldmodel's CEMSolver: the defaults;
/// - iCEM (Pinneri et al. 2020, arXiv 2008.06389): icem_options();
/// - V-JEPA 2-AC (arXiv 2506.09985): arm_options() in an arm_space().
/// @throws ConfigError when there are fewer than two elites; what Search throws.
Plan cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const CemOptions& options = {},
         const ActionSpace& space = {});

}  // namespace foresee::planner
