// Claims: gradient descent finds the closed-form optimum of a linear system, alone as together, inside its limits; a
// cost without gradients is refused by name.
#include "planner/gradient.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/planner.h"
#include "tests/planner/linear_system.h"

namespace foresee::planner {
namespace {

Tensor descent_starts() { return torch::tensor({{1.0f, 0.0f}, {-1.0f, 0.5f}, {0.3f, -1.0f}}); }

SearchRequest descent_for(const SearchConfig& search, const GradientConfig& config, std::vector<PlanId> ids) {
  SearchRequest request;
  request.init = at::zeros({static_cast<int64_t>(ids.size()), 0, 2});
  request.noise = draw_noise(5, ids, gradient_draws(search, config), 2);
  return request;
}

TEST(GradientPlanner, FindsTheClosedFormOptimumOfALinearSystemWithEveryOptimizer) {
  const DoubleIntegrator system{.start = descent_starts(), .step = 0.2, .effort = 0.5};
  const SearchConfig search{.samples = 4, .iterations = 400, .elites = 1};
  for (const auto& [optimizer, name] : kDescentNames) {
    const GradientConfig config{.optimizer = optimizer, .learning_rate = 0.05, .weight_decay = 0};
    const Plan plan = gradient_descent(system, descent_for(search, config, {{0}, {1}, {2}}), search, config);
    for (int64_t row = 0; row < 3; ++row)
      EXPECT_LT((plan.blocks[row].flatten() - system.best_actions(row)).abs().max().item<double>(), 0.02) << name;
  }
}

TEST(GradientPlanner, PlansTheSameAloneAndTogetherWithNoiseAndClipping) {
  const DoubleIntegrator system{descent_starts()};
  const SearchConfig search{.samples = 5, .iterations = 12, .elites = 1};
  const GradientConfig config{.noise = 0.02, .clip_norm = 0.5};
  const Plan together = gradient_descent(system, descent_for(search, config, {{0}, {1}, {2}}), search, config);
  for (int64_t row = 0; row < 3; ++row) {
    SearchRequest request = descent_for(search, config, {{row}});
    request.rows = torch::tensor({row});
    const Plan alone = gradient_descent(system, request, search, config);
    EXPECT_LT((alone.blocks[0] - together.blocks[row]).abs().max().item<double>(), 1e-5);
  }
}

TEST(GradientPlanner, KeepsToItsLimits) {
  const DoubleIntegrator system{descent_starts()};
  const SearchConfig search{.samples = 5, .iterations = 30, .elites = 1};
  const PlannerConfig config{.solver = Solver::kGradient, .search = search};
  SearchRequest request = descent_for(search, config.gradient, {{0}, {1}, {2}});
  request.low = at::full({2}, -0.1f);
  request.high = at::full({2}, 0.2f);
  request.trace = [](int64_t, const Iteration& done) {
    EXPECT_GE(done.candidates.min().item<float>(), -0.1f);
    EXPECT_LE(done.candidates.max().item<float>(), 0.2f);
  };
  const Plan plan = make_planner(config)(system, request);
  EXPECT_GE(plan.blocks.min().item<float>(), -0.1f);
  EXPECT_LE(plan.blocks.max().item<float>(), 0.2f);
  EXPECT_EQ(plan.blocks.max().item<float>(), 0.2f) << "the optimum lies outside";
}

TEST(GradientPlanner, RefusesACostWithoutGradients) {
  const SearchConfig search{.samples = 2, .iterations = 1, .elites = 1};
  const CostFn steps = [](const Tensor& actions, const Tensor&) {
    return (actions.detach() > 0).sum({2, 3}).to(at::kFloat);
  };
  EXPECT_THROW(gradient_descent(steps, descent_for(search, {}, {{0}}), search, {}), Error);
}

}  // namespace
}  // namespace foresee::planner
