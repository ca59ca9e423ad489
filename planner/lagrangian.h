#pragma once

#include "planner/gradient.h"
#include "planner/search.h"

namespace foresee::planner {

/// What the augmented Lagrangian adds to descent. Defaults of rounds and penalties: stable_worldmodel's
/// LagrangianSolver. The limits are what a plan has to keep where the request brings no constraints of its own.
struct LagrangianConfig {
  int64_t rounds = 5;
  double penalty = 1;
  double penalty_growth = 2;
  double largest_penalty = 1e4;
  double most_effort = 0;  // of the mean square of a plan's numbers; 0: any
  double most_change = 0;  // of the mean square of what changes from block to block; 0: any

  /// @throws ConfigError where the penalty begins above its largest value.
  void validate() const;
};
void describe(Fields& fields, LagrangianConfig& config);

/// Descent under constraints g_c(x) <= 0: the augmented Lagrangian (Rockafellar 1973; Nocedal and Wright, Numerical
/// Optimization, 17.4). Each start x_s has multipliers of its own, which begin at 0. A round:
///   `iterations` descent steps on  cost(x) + sum_c (max(0, l_c + r g_c(x))^2 - l_c^2) / (2 r)
///   l_c <- max(0, l_c + r g_c(x)),  r <- min(penalty_growth * r, largest_penalty)
/// The plan is the cheapest start that keeps its constraints to a thousandth; where none does, the one that is nearest
/// to it. Plan::violation says how far it is off. Starts are those of gradient_descent(), and limits are cut as there.
/// (stable_worldmodel's LagrangianSolver has the multipliers of all starts in common, keeps them for the next plan, and
/// takes the cheapest start whether it keeps the constraints or not.)
/// @param request  noise for one iteration. `go_on` is asked before every step.
/// @throws ConfigError where there is no constraint; Error where the cost gives no gradients; what Search throws.
Plan lagrangian(const CostFn& cost, const SearchRequest& request, const SearchConfig& config,
                const LagrangianConfig& lagrangian, const GradientConfig& gradient, const ActionSpace& space = {});

}  // namespace foresee::planner
