#pragma once

#include <torch/types.h>

#include "planner/cost.h"

namespace foresee::planner {

/// A double integrator in one dimension, x = (position, velocity), x' = A x + B u, and the cost
///   J = sum over t of effort |u_t|^2 + |x_t|^2.
/// Linear dynamics and quadratic cost have a closed-form optimum, which searches are held against.
struct DoubleIntegrator {
  Tensor start;        // float [B, 2]
  int64_t steps = 10;  // horizon
  double step = 0.5;   // seconds
  double effort = 0.1;

  Tensor transition() const { return torch::tensor({{1.0, step}, {0.0, 1.0}}); }
  Tensor input() const { return torch::tensor({0.5 * step * step, step}); }

  /// The next state. @param state  [..., 2]. @param action  [...].
  Tensor next(const Tensor& state, const Tensor& action) const {
    return at::matmul(state, transition().t().to(state.dtype())) + action.unsqueeze(-1) * input().to(state.dtype());
  }

  /// @param actions  [B, K, H, D], H * D = steps.
  Tensor operator()(const Tensor& actions, const Tensor& rows) const {
    const Tensor u = actions.flatten(2);
    Tensor x = start.index_select(0, rows).unsqueeze(1).expand({u.size(0), u.size(1), 2}).to(u.dtype());
    Tensor cost = effort * u.square().sum(-1);
    for (int64_t t = 0; t < steps; ++t) {
      x = next(x, u.select(2, t));
      cost = cost + x.square().sum(-1);
    }
    return cost;
  }

  /// The cheapest actions of one problem, double [steps]: least squares on the stacked states X = F x_0 + G u,
  /// u = -(G'G + effort I)^-1 G'F x_0.
  Tensor best_actions(int64_t row) const {
    const auto options = at::TensorOptions(at::kDouble);
    Tensor free = start[row].to(at::kDouble), f = at::empty({2 * steps}, options),
           g = at::zeros({2 * steps, steps}, options);
    for (int64_t t = 0; t < steps; ++t) {
      free = next(free, at::zeros({}, options));
      f.slice(0, 2 * t, 2 * t + 2).copy_(free);
      for (int64_t u = 0; u <= t; ++u) {
        Tensor effect = input().to(at::kDouble);
        for (int64_t i = u; i < t; ++i) effect = at::matmul(transition().to(at::kDouble), effect);
        g.slice(0, 2 * t, 2 * t + 2).select(1, u).copy_(effect);
      }
    }
    const Tensor normal = at::matmul(g.t(), g) + effort * at::eye(steps, options);
    return -at::linalg_solve(normal, at::matmul(g.t(), f));
  }
};

}  // namespace foresee::planner
