#pragma once

#include "planner/search.h"

namespace foresee::planner {

/// What a search among categories adds. Default: stable_worldmodel's CategoricalCEMSolver.
struct CategoricalConfig {
  int64_t categories = 0;  // values that each discrete action has; 0: the actions are numbers
  double smoothing = 0;    // added to the elites' frequencies before they are made to sum to 1
  double momentum = 0;     // share of the old distribution that an update keeps
};
void describe(Fields& fields, CategoricalConfig& config);

/// Cross-entropy method over discrete actions (Rubinstein 1999), as stable_worldmodel's CategoricalCEMSolver. A block
/// holds A actions of n categories, one-hot: S = A * n. With P the distribution of each action and u uniform draws:
///   x_s = argmax(log P - log(-log u_s)) (Gumbel-max),  x_0 = argmax P
///   F = frequencies in the `elites` cheapest + smoothing, made to sum to 1;  P <- (1 - momentum) F + momentum P
/// A category whose number cannot be 1 within the box of the request is never drawn: one that training never saw.
/// P begins uniform; init is not used. The plan is argmax P; Iteration::mean is P.
/// @param request  noise uniform on [0, 1). @throws ConfigError where S is no multiple of n >= 2 or the
/// box excludes every category; what Search throws.
Plan categorical_cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config,
                     const CategoricalConfig& categorical);

}  // namespace foresee::planner
