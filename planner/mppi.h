#pragma once

#include "planner/search.h"

namespace foresee::planner {

/// What MPPI adds. Default: stable_worldmodel's MPPISolver.
struct MppiConfig {
  double temperature = 0.5;
};
void describe(Fields& fields, MppiConfig& config);

/// Model predictive path integral control (Williams et al. 2017), as stable_worldmodel's MPPISolver:
///   w = softmax(-(c - min c) / temperature) over the `elites` cheapest;  mean <- sum of w x.
/// The standard deviation never changes. With elites = samples every candidate is weighted.
Plan mppi(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const MppiConfig& mppi,
          const ActionSpace& space = {});

/// Predictive sampling (Howell et al. 2022, arXiv 2212.00541): the nominal plan and noisy copies of it; the cheapest is
/// the next nominal plan. `elites` is not used; upstream runs a single iteration.
Plan predictive_sampling(const CostFn& cost, const SearchRequest& request, const SearchConfig& config,
                         const ActionSpace& space = {});

}  // namespace foresee::planner
