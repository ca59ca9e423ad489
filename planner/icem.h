#pragma once

#include "planner/cem.h"

namespace foresee::planner {

/// What iCEM adds. Defaults: stable_worldmodel's ICEMSolver.
struct IcemConfig {
  double noise_beta = 2.0;
  double momentum = 0.1;
  int64_t keep = 5;
  bool return_mean = true;
};
void describe(Fields& fields, IcemConfig& config);

/// Improved cross-entropy method (Pinneri et al. 2020, arXiv 2008.06389), as stable_worldmodel's ICEMSolver: cem() with
/// noise that is correlated over the horizon, the best `keep` elites of an iteration carried into the next, and
///   mean <- momentum * mean + (1 - momentum) * mean of the elites, std likewise.
CemOptions icem_options(const IcemConfig& config);

}  // namespace foresee::planner
