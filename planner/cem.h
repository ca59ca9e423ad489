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

/// What solver cem adds to the plain method. Defaults: nothing.
struct CemConfig {
  double momentum = 0;      // share of the old mean and deviation that an update keeps
  double smallest_std = 0;  // deviations do not fall below it, normalised actions
  std::vector<int64_t>
      tiers;  // candidates of the first, ... last part of the iterations, at most `samples`; empty: all
};
void describe(Fields& fields, CemConfig& config);

/// What iCEM adds. Defaults: stable_worldmodel's ICEMSolver.
struct IcemConfig {
  double noise_beta = 2.0;
  double momentum = 0.1;
  int64_t keep = 5;
  bool return_mean = true;
};
void describe(Fields& fields, IcemConfig& config);

/// What the variants of the cross-entropy method choose. The default is the plain method.
struct CemOptions {
  std::string_view name = "cem";       // in messages
  Momentum momentum;                   // of the update
  int64_t keep = 0;                    // elites that are carried into the next iteration
  std::optional<double> noise_beta;    // exponent of the noise spectrum over the horizon; none: white noise
  bool mean_first = true;              // candidate 0 is the mean itself
  std::optional<double> smallest_std;  // deviations do not fall below it; none: they may vanish
  std::vector<int64_t> tiers;          // candidates of equal parts of the iterations; empty: as many in all
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
/// - with momentum, a smallest deviation and fewer candidates later: cem_options();
/// - iCEM (Pinneri et al. 2020, arXiv 2008.06389): icem_options();
/// - V-JEPA 2-AC (arXiv 2506.09985): arm_options() in an arm_space().
/// @throws ConfigError when there are fewer than two elites; what Search throws.
Plan cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const CemOptions& options = {},
         const ActionSpace& space = {});

/// The plain method with what the config adds. Later iterations search a narrower Gaussian: with `tiers` of 300, 150
/// and 64 the first third of the iterations has 300 candidates, the last 64.
CemOptions cem_options(const CemConfig& config);

/// Improved cross-entropy method (Pinneri et al. 2020, arXiv 2008.06389), as stable_worldmodel's ICEMSolver: cem() with
/// noise that is correlated over the horizon, the best `keep` elites of an iteration carried into the next, and
///   mean <- momentum * mean + (1 - momentum) * mean of the elites, std likewise.
CemOptions icem_options(const IcemConfig& config);

}  // namespace foresee::planner
