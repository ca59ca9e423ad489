// Claims about every search: it finds the closed-form optimum of a linear-quadratic problem, plans problems together as
// alone, ends each of them where it would end alone, keeps hard constraints, and survives costs that are no numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/planner.h"
#include "tests/planner/linear_system.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr Solver kNumbers[] = {Solver::kCem,      Solver::kIcem,       Solver::kMppi,   Solver::kPredictiveSampling,
                               Solver::kGradient, Solver::kLagrangian, Solver::kMemetic};
constexpr Solver kSampling[] = {Solver::kCem, Solver::kIcem, Solver::kMppi, Solver::kPredictiveSampling,
                                Solver::kMemetic};

const DoubleIntegrator kSystem{
    .start = torch::tensor({{1.0f, 0.0f}, {-1.0f, 0.5f}, {0.1f, 0.0f}}), .step = 0.2, .effort = 0.5};

/// Of `problems` by their numbers, which name their draws.
SearchRequest request_of(const PlannerConfig& config, const std::vector<int64_t>& problems, int64_t block = 2) {
  std::vector<PlanId> ids;
  for (const int64_t problem : problems) ids.push_back({problem});
  SearchRequest request;
  request.init = at::zeros({static_cast<int64_t>(problems.size()), 0, block});
  request.noise = draw_noise(7, ids, config.draws(), block);
  request.rows = torch::tensor(problems, at::kLong);
  return request;
}

PlannerConfig config_of(Solver solver) {
  PlannerConfig config{.solver = solver};
  config.search = {.samples = 200, .iterations = 60, .elites = 30, .horizon = 5};
  config.mppi.temperature = 0.02;
  config.gradient = {.learning_rate = 0.05, .weight_decay = 0};
  config.lagrangian.most_effort = 100;  // holds everywhere
  return config;
}

TEST(EverySearch, FindsTheOptimumOfALinearQuadraticProblem) {
  for (const Solver solver : kNumbers) {
    SCOPED_TRACE(name_of(solver));
    PlannerConfig config = config_of(solver);
    // Their deviations never shrink: small ones, and time to get there.
    if (solver == Solver::kMppi || solver == Solver::kPredictiveSampling)
      config.search.init_std = 0.1, config.search.iterations = 150;
    const Plan plan = make_planner(config)(kSystem, request_of(config, {0, 1, 2}));
    for (int64_t row = 0; row < 3; ++row)
      EXPECT_LT((plan.blocks[row].flatten() - kSystem.best_actions(row)).abs().max().item<double>(), 0.1);
  }
}

TEST(EverySearch, HandsOutTheBestThatItEverAsked) {
  for (const Solver solver : kNumbers) {
    SCOPED_TRACE(name_of(solver));
    PlannerConfig config = config_of(solver);
    config.search.iterations = 5;
    config.lagrangian.rounds = 2;
    double least = std::numeric_limits<double>::infinity();
    const CostFn cost = [&](const Tensor& actions, const Tensor& rows) {
      const Tensor costs = kSystem(actions, rows);
      if (actions.size(1) > 1) least = std::min(least, costs.min().item<double>());
      return costs;
    };
    const Plan plan = make_planner(config)(cost, request_of(config, {1}));
    EXPECT_NEAR(plan.best_cost.item<double>(), least, 1e-5);
    EXPECT_NEAR(kSystem(plan.best.unsqueeze(1), torch::tensor({1})).item<double>(), least, 1e-5);
  }
}

/// Plans three problems, of which each may have so many iterations, together and alone.
void expect_same_together(const PlannerConfig& config, const CostFn& cost, const std::vector<int64_t>& budgets,
                          int64_t block) {
  const auto budget = [&](int64_t first) {
    return [&budgets, first](int64_t iteration, int64_t problem) {
      return iteration < budgets[static_cast<size_t>(first + problem)];
    };
  };
  SearchRequest all = request_of(config, {0, 1, 2}, block);
  all.go_on_with = budget(0);
  const Planner search = make_planner(config);
  const Plan together = search(cost, all);
  for (int64_t row = 0; row < 3; ++row) {
    SearchRequest request = request_of(config, {row}, block);
    request.go_on_with = budget(row);
    const Plan alone = search(cost, request);
    const auto at = static_cast<size_t>(row);
    EXPECT_LT((alone.blocks[0] - together.blocks[row]).abs().max().item<double>(), 1e-4) << row;
    EXPECT_LT((alone.best[0] - together.best[row]).abs().max().item<double>(), 1e-4) << row;
    EXPECT_NEAR(alone.cost[0].item<double>(), together.cost[row].item<double>(), 1e-4);
    EXPECT_NEAR(alone.elite_cost[0].item<double>(), together.elite_cost[row].item<double>(), 1e-4);
    EXPECT_EQ(alone.iterations, together.iterations_of[at]);
    EXPECT_EQ(alone.stopped, together.stopped_of[at]);
  }
}

TEST(EverySearch, EndsEachProblemAtItsOwnDeadline) {
  for (const Solver solver : kNumbers) {
    SCOPED_TRACE(name_of(solver));
    PlannerConfig config = config_of(solver);
    config.search.samples = 20, config.search.iterations = 9, config.search.elites = 5;
    config.lagrangian.rounds = 2;
    config.gradient.clip_norm = 1;
    expect_same_together(config, kSystem, {2, 100, 5}, 2);
  }
}

TEST(EverySearch, EndsEachProblemWhereItHasSettled) {
  for (const Solver solver : {Solver::kCem, Solver::kIcem, Solver::kMemetic, Solver::kGradient, Solver::kMppi}) {
    SCOPED_TRACE(name_of(solver));
    PlannerConfig config = config_of(solver);
    config.search.samples = 40, config.search.elites = 8, config.search.iterations = 200;
    config.search.converged = solver == Solver::kMppi ? 0.25 : 0.02;
    // Problems whose valleys are of different widths settle at different times.
    const CostFn cost = [](const Tensor& actions, const Tensor& rows) {
      const Tensor steep = torch::tensor({1.0f, 30.0f, 0.1f}).index_select(0, rows).view({-1, 1});
      return steep * (actions - 0.3).square().sum({2, 3});
    };
    expect_same_together(config, cost, {1000, 1000, 4}, 2);
    const Plan plan = make_planner(config)(cost, request_of(config, {0, 1, 2}));
    for (const Stop stopped : plan.stopped_of) EXPECT_EQ(stopped, Stop::kConverged);
    EXPECT_LT(plan.iterations, 200);
  }
}

TEST(EverySearch, EndsCategoriesWhereTheyHaveSettled) {
  PlannerConfig config{.solver = Solver::kCategoricalCem};
  config.search = {.samples = 30, .iterations = 50, .elites = 8, .horizon = 8, .converged = 0.05};
  config.categorical.categories = 3;
  const CostFn cost = [](const Tensor& actions, const Tensor& rows) {
    const Tensor prices = torch::tensor({{0.0f, 1.0f, 2.0f}, {1.0f, 0.0f, 0.1f}, {2.0f, 1.0f, 0.0f}});
    return (actions * prices.index_select(0, rows).unsqueeze(1).unsqueeze(1)).sum({2, 3});
  };
  expect_same_together(config, cost, {100, 100, 2}, 3);
  const Plan plan = make_planner(config)(cost, request_of(config, {0, 1, 2}, 3));
  EXPECT_LT(plan.iterations, 50);
  EXPECT_EQ(plan.stopped, Stop::kConverged);
}

TEST(EverySearch, RefusesToSettleWhereItNeverDoes) {
  for (const Solver solver : {Solver::kPredictiveSampling, Solver::kLagrangian}) {
    PlannerConfig config = config_of(solver);
    config.search.converged = 0.1;
    EXPECT_THAT([&] { make_planner(config); }, ThrowsMessage<ConfigError>(HasSubstr("converged is not for solver")));
  }
  PlannerConfig noisy = config_of(Solver::kGradient);
  noisy.search.converged = noisy.gradient.noise = 0.1;
  EXPECT_THAT([&] { make_planner(noisy); }, ThrowsMessage<ConfigError>(HasSubstr("gradient.noise")));
}

const Tensor kWanted = torch::tensor({1.0f, -0.5f, 0.8f, 0.2f}).view({2, 2});

Tensor distance_to_wanted(const Tensor& actions, const Tensor&) { return (actions - kWanted).square().sum({2, 3}); }

TEST(EverySearch, PaysForEffortAndChange) {
  for (const Solver solver : kNumbers) {
    SCOPED_TRACE(name_of(solver));
    PlannerConfig config = config_of(solver);
    config.search.horizon = 2;
    config.search.init_std = solver == Solver::kMppi || solver == Solver::kPredictiveSampling ? 0.1 : 1.0;
    config.search.effort = 2;  // (a - w)^2 + (2 / 4) a^2 per number
    const Plan plan = make_planner(config)(distance_to_wanted, request_of(config, {0}));
    EXPECT_LT((plan.blocks[0] - kWanted / 1.5).abs().max().item<double>(), 0.06);
    EXPECT_NEAR(plan.cost.item<double>(), kWanted.square().sum().item<double>() / 3, 0.02) << "of the plan, with it";
    config.search.effort = 0;
    config.search.change = 2;  // (a - w)^2 + (b - v)^2 + (2 / 2) (a - b)^2: a third of the way to each other
    const Tensor third = (kWanted * 2 + kWanted.flip({0})) / 3;
    const Plan smooth = make_planner(config)(distance_to_wanted, request_of(config, {0}));
    EXPECT_LT((smooth.blocks[0] - third).abs().max().item<double>(), 0.06);
  }
}

TEST(EverySearch, KeepsHardConstraints) {
  const double most = 0.2, full = kWanted.square().mean().item<double>();
  for (const Solver solver : kSampling) {
    SCOPED_TRACE(name_of(solver));
    PlannerConfig config = config_of(solver);
    config.search.horizon = 2, config.search.samples = 400, config.search.iterations = 100;
    config.search.init_std = solver == Solver::kMppi || solver == Solver::kPredictiveSampling ? 0.1 : 1.0;
    config.search.most_effort = most;
    const Plan plan = make_planner(config)(distance_to_wanted, request_of(config, {0}));
    EXPECT_LE(plan.violation.item<double>(), 1e-3);
    EXPECT_LE(plan.blocks.square().mean().item<double>(), most + 1.1e-3);
    EXPECT_LT((plan.blocks[0] - kWanted * std::sqrt(most / full)).abs().max().item<double>(), 0.12);
    EXPECT_LE(plan.best_cost.item<double>(), 1e6);
  }
  PlannerConfig gradient = config_of(Solver::kGradient);
  gradient.search.most_effort = most;
  EXPECT_THAT([&] { make_planner(gradient); }, ThrowsMessage<ConfigError>(HasSubstr("are for searches by sampling")));
}

TEST(EverySearch, SaysHowFarAPlanIsOffWhereNoneKeepsItsConstraints) {
  PlannerConfig config = config_of(Solver::kCem);
  SearchRequest request = request_of(config, {0});
  request.constraints = [](const Tensor& actions, const Tensor&) {
    return (2 + actions.square().mean({2, 3})).unsqueeze(-1);  // 2 at best
  };
  const Plan plan = make_planner(config)(kSystem, request);
  EXPECT_NEAR(plan.violation.item<double>(), 2, 0.01) << "the nearest to it";
}

/// No number in half of the space, infinite in another part.
Tensor poor_cost(const Tensor& actions, const Tensor& rows) {
  const Tensor first = actions.select(3, 0).select(2, 0);
  const Tensor cost = distance_to_wanted(actions, rows);
  const Tensor some = at::where(first > 0.4, std::numeric_limits<float>::quiet_NaN(), cost);
  return at::where(first < -0.4, -std::numeric_limits<float>::infinity(), some);
}

TEST(EverySearch, SurvivesCostsThatAreNoNumbers) {
  for (const Solver solver : kNumbers) {
    SCOPED_TRACE(name_of(solver));
    PlannerConfig config = config_of(solver);
    config.search.horizon = 2;
    const Plan plan = make_planner(config)(poor_cost, request_of(config, {0, 1}));
    EXPECT_GT(plan.not_finite, 0);
    EXPECT_TRUE(at::isfinite(plan.cost).all().item<bool>());
    EXPECT_LE(plan.blocks.select(2, 0).select(1, 0).abs().max().item<double>(), 0.4 + 1e-6);
    EXPECT_LT(plan.cost.max().item<double>(), kWanted.square().sum().item<double>()) << "better than nothing";
    const CostFn never = [](const Tensor& actions, const Tensor& rows) {
      return distance_to_wanted(actions, rows) * std::numeric_limits<double>::quiet_NaN();
    };
    EXPECT_THROW(make_planner(config)(never, request_of(config, {0})), NotFinite);
  }
}

TEST(EverySearch, CountsNothingWhereAllIsWell) {
  PlannerConfig config = config_of(Solver::kCem);
  EXPECT_EQ(make_planner(config)(kSystem, request_of(config, {0})).not_finite, 0);
}

}  // namespace
}  // namespace foresee::planner
