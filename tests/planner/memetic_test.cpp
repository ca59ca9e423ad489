// Claims: sampling with descent finds the closed-form optimum of a linear system, in fewer iterations than sampling
// alone; the plan is the cheapest candidate of the whole search.
#include "planner/memetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/planner.h"
#include "tests/planner/linear_system.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Plan memetic_plan(const DoubleIntegrator& system, const PlannerConfig& config) {
  SearchRequest request;
  request.init = at::zeros({2, 0, 2});
  request.noise = draw_noise(3, std::vector<PlanId>{{0}, {1}}, config.draws(), 2);
  return make_planner(config)(system, request);
}

PlannerConfig memetic_config() {
  PlannerConfig config{.solver = Solver::kMemetic};
  config.search = {.samples = 40, .iterations = 25, .elites = 6};
  config.gradient.learning_rate = 0.05;
  config.gradient.weight_decay = 0;
  return config;
}

const DoubleIntegrator kSystem{.start = torch::tensor({{1.0f, 0.0f}, {-1.0f, 0.5f}}), .step = 0.2, .effort = 0.5};

TEST(MemeticPlanner, FindsTheClosedFormOptimumOfALinearSystem) {
  const Plan plan = memetic_plan(kSystem, memetic_config());
  for (int64_t row = 0; row < 2; ++row)
    EXPECT_LT((plan.blocks[row].flatten() - kSystem.best_actions(row)).abs().max().item<double>(), 0.03);
}

TEST(MemeticPlanner, NeedsFewerIterationsThanSamplingAlone) {
  PlannerConfig config = memetic_config();
  config.search.iterations = 4;
  const double refined = memetic_plan(kSystem, config).cost.mean().item<double>();
  config.solver = Solver::kCem;
  EXPECT_LT(refined, memetic_plan(kSystem, config).cost.mean().item<double>());
}

TEST(MemeticPlanner, AnswersWithTheCheapestCandidateOfAll) {
  const Plan plan = memetic_plan(kSystem, memetic_config());
  EXPECT_LT((plan.cost - plan.best_cost).abs().max().item<double>(), 1e-5);
  EXPECT_LE(plan.best_cost.mean().item<double>(), *std::min_element(plan.trace.begin(), plan.trace.end()) + 1e-6);
  EXPECT_EQ(plan.trace.size(), 25u);
}

TEST(MemeticPlanner, RefusesNoiseOfItsDescent) {
  PlannerConfig config = memetic_config();
  config.gradient.noise = 0.1;
  EXPECT_THAT([&] { memetic_plan(kSystem, config); }, ThrowsMessage<ConfigError>(HasSubstr("is for solver gradient")));
}

TEST(Plans, HoldTheCheapestCandidateOfTheWholeSearchBesideTheMean) {
  PlannerConfig config = memetic_config();
  config.solver = Solver::kPredictiveSampling;
  const Plan plan = memetic_plan(kSystem, config);
  const Tensor rows = at::arange(2, at::kLong);
  EXPECT_LT((kSystem(plan.best.unsqueeze(1), rows).select(1, 0) - plan.best_cost).abs().max().item<double>(), 1e-5);
  EXPECT_NEAR(plan.best_cost.mean().item<double>(), *std::min_element(plan.trace.begin(), plan.trace.end()), 1e-5);
}

}  // namespace
}  // namespace foresee::planner
