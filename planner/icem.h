#pragma once

#include "planner/search.h"

namespace foresee::planner {

/// What iCEM adds. Defaults: stable_worldmodel's ICEMSolver.
struct IcemConfig {
  double noise_beta = 2.0;
  double momentum = 0.1;
  int64_t keep = 5;
  bool return_mean = true;
};
void describe(Fields& fields, IcemConfig& config);

/// Gives white noise the power spectrum 1 / f^beta along the last axis and unit sample standard deviation.
/// A sequence of length 1 stays as it is. @param white  float [..., H], standard normal. @returns the same shape.
Tensor colour_noise(const Tensor& white, double beta);

/// Improved cross-entropy method (Pinneri et al. 2020, arXiv 2008.06389), as stable_worldmodel's ICEMSolver: CEM with
/// noise that is correlated over the horizon, the best `keep` elites of an iteration carried into the next, candidates
/// clamped to the request's bounds, and  mean <- momentum * mean + (1 - momentum) * mean of the elites, std likewise.
/// The plan is the last mean, or the best elite of the last iteration.
Plan icem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const IcemConfig& icem);

}  // namespace foresee::planner
