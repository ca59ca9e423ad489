#include "planner/cem.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "planner/planner.h"
#include "tests/planner/linear_system.h"

namespace foresee::planner {
namespace {

Tensor starts() { return torch::tensor({{1.0f, 0.0f}, {-1.0f, 0.5f}, {0.3f, -1.0f}}); }

SearchRequest request_for(const SearchConfig& config, std::vector<PlanId> ids, int64_t block = 2, uint64_t seed = 5) {
  SearchRequest request;
  request.init = at::zeros({static_cast<int64_t>(ids.size()), 0, block});
  request.noise = draw_noise(seed, ids, config, block);
  return request;
}

TEST(CemPlanner, FindsTheClosedFormOptimumOfALinearSystem) {
  // Well conditioned: a Gaussian with independent axes settles too early in a long narrow valley.
  const DoubleIntegrator system{.start = starts(), .step = 0.2, .effort = 0.5};
  const SearchConfig config{.samples = 400, .iterations = 60, .elites = 80, .init_std = 2.0};
  const Plan plan = cem(system, request_for(config, {{0}, {1}, {2}}), config);
  for (int64_t row = 0; row < 3; ++row) {
    const Tensor best = system.best_actions(row);
    const auto cost = [&](const Tensor& actions) {
      return system(actions.reshape({1, 1, 5, 2}), torch::tensor({row})).item<double>();
    };
    const double optimum = cost(best), still = cost(at::zeros({10}));
    EXPECT_LT(cost(plan.blocks[row].to(at::kDouble)), optimum + 1e-4 * (still - optimum));
    EXPECT_LT((plan.blocks[row].flatten() - best).abs().max().item<double>(), 0.02);
  }
}

TEST(CemPlanner, PlansTheSameAloneAndTogether) {
  const DoubleIntegrator system{starts()};
  const SearchConfig config{.samples = 50, .iterations = 8, .elites = 10};
  const Plan together = cem(system, request_for(config, {{0}, {1}, {2}}), config);
  for (int64_t row = 0; row < 3; ++row) {
    SearchRequest request = request_for(config, {{row}});
    request.rows = torch::tensor({row});
    const Plan alone = cem(system, request, config);
    EXPECT_LT((alone.blocks[0] - together.blocks[row]).abs().max().item<double>(), 1e-5);
    EXPECT_NEAR(alone.cost[0].item<double>(), together.cost[row].item<double>(), 1e-5);
  }
}

TEST(CemPlanner, EndsEarlyWhenItIsToldTo) {
  const DoubleIntegrator system{starts()};
  const SearchConfig config{.samples = 50, .iterations = 8, .elites = 10};
  SearchRequest request = request_for(config, {{0}, {1}, {2}});
  std::vector<int64_t> asked;
  request.go_on = [&](int64_t iteration) {
    asked.push_back(iteration);
    return iteration != 3;
  };
  const Plan plan = cem(system, request, config);
  EXPECT_EQ(asked, (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(plan.iterations, 3);
  EXPECT_EQ(plan.stopped, Stop::kDeadline);
  request.go_on = [](int64_t) { return false; };
  EXPECT_EQ(cem(system, request, config).iterations, 1) << "the first always runs";
}

TEST(CemPlanner, EndsWhenItsDeviationsHaveConverged) {
  const DoubleIntegrator system{starts()};
  SearchConfig config{.samples = 200, .iterations = 60, .elites = 20};
  const Plan full = cem(system, request_for(config, {{0}, {1}, {2}}), config);
  config.converged = 0.01;
  const Plan early = cem(system, request_for(config, {{0}, {1}, {2}}), config);
  EXPECT_EQ(full.stopped, Stop::kIterations);
  EXPECT_EQ(early.stopped, Stop::kConverged);
  EXPECT_LT(early.iterations, 60);
  EXPECT_LT((early.blocks - full.blocks).abs().max().item<double>(), 0.05);
  PlannerConfig other{.solver = Solver::kPredictiveSampling, .search = config};
  EXPECT_THROW(make_planner(other), ConfigError);
}

TEST(CemPlanner, AsksTheCostForTheMeanFirst) {
  const DoubleIntegrator system{starts().slice(0, 0, 1)};
  const SearchConfig config{.samples = 4, .iterations = 1, .elites = 2, .init_std = 3.0};
  SearchRequest request = request_for(config, {{0}});
  request.init = system.best_actions(0).to(at::kFloat).reshape({1, 5, 2});
  Iteration first;
  request.trace = [&](int64_t, const Iteration& done) { first = done; };
  const Plan plan = cem(system, request, config);
  EXPECT_TRUE(at::equal(first.candidates[0][0], request.init[0]));
  EXPECT_EQ(first.elite_index[0][0].item<int64_t>(), 0) << "noise of three standard deviations beats no optimum";
  EXPECT_NEAR(plan.trace.at(0), system(request.init.unsqueeze(1), torch::tensor({0})).item<double>(), 1e-5);
}

TEST(CemPlanner, FillsAShortWarmStartWithZeros) {
  const SearchConfig config{.samples = 3, .iterations = 1, .elites = 2};
  SearchRequest request = request_for(config, {{0}});
  request.init = at::ones({1, 2, 2});
  Tensor mean;
  request.trace = [&](int64_t, const Iteration& done) { mean = done.candidates[0][0]; };
  cem(DoubleIntegrator{starts()}, request, config);
  EXPECT_TRUE(at::equal(mean, at::cat({at::ones({2, 2}), at::zeros({3, 2})})));
}

TEST(CemPlanner, TakesTheElitesCheapestFirst) {
  const SearchConfig config{.samples = 40, .iterations = 3, .elites = 7};
  SearchRequest request = request_for(config, {{0}, {1}});
  int64_t seen = 0;
  request.trace = [&](int64_t iteration, const Iteration& done) {
    EXPECT_EQ(iteration, seen++);
    EXPECT_TRUE(at::equal(done.costs.gather(1, done.elite_index), done.elite_costs));
    EXPECT_TRUE((done.elite_costs.diff(1, 1) >= 0).all().item<bool>());
    EXPECT_TRUE(((done.costs < done.elite_costs.slice(1, 6, 7)).sum(1) <= 6).all().item<bool>());
    const Tensor chosen = done.candidates[1].index_select(0, done.elite_index[1]);
    EXPECT_TRUE(at::allclose(done.mean[1], chosen.mean(0), 1e-4, 1e-6));
    EXPECT_TRUE(at::allclose(done.std[1], (chosen - chosen.mean(0)).square().sum(0).div(6).sqrt(), 1e-4, 1e-6));
  };
  cem(DoubleIntegrator{starts()}, request, config);
  EXPECT_EQ(seen, 3);
}

TEST(CemPlanner, ReportsTheBestCostOfEveryIteration) {
  const SearchConfig config{.samples = 100, .iterations = 20, .elites = 20};
  const Plan plan = cem(DoubleIntegrator{starts()}, request_for(config, {{0}, {1}}), config);
  ASSERT_EQ(plan.trace.size(), 20u);
  EXPECT_EQ(plan.iterations, 20);
  EXPECT_LT(plan.trace.back(), plan.trace.front());
  EXPECT_GE(plan.cost.mean().item<double>(), plan.trace.back() - 1e-5);
}

TEST(CemPlanner, RefusesASearchThatDoesNotFit) {
  const DoubleIntegrator system{starts()};
  const SearchConfig config{.samples = 10, .iterations = 2, .elites = 4};
  EXPECT_THROW(cem(system, request_for(config, {{0}}), {.samples = 10, .iterations = 2, .elites = 11}), ConfigError);
  EXPECT_THROW(cem(system, request_for(config, {{0}}), {.samples = 10, .iterations = 2, .elites = 1}), ConfigError);
  EXPECT_THROW(cem(system, request_for(config, {{0}}), {.samples = 10, .iterations = 3, .elites = 4}), Error);
  SearchRequest request = request_for(config, {{0}});
  request.init = at::zeros({1, 6, 2});
  EXPECT_THROW(cem(system, request, config), Error) << "a warm start longer than the horizon";
}

TEST(CemPlanner, SaysSoWhenTheCostIsNotANumberOrOfAnotherShape) {
  const SearchConfig config{.samples = 10, .iterations = 2, .elites = 4};
  const CostFn broken = [](const Tensor& actions, const Tensor&) {
    return at::full({actions.size(0), actions.size(1)}, std::nan(""));
  };
  EXPECT_THROW(cem(broken, request_for(config, {{0}}), config), Error);
  const CostFn flat = [](const Tensor& actions, const Tensor&) { return at::zeros({actions.size(1)}); };
  EXPECT_THROW(cem(flat, request_for(config, {{0}}), config), Error);
}

TEST(CemPlanner, HasFewerCandidatesInLaterTiers) {
  const DoubleIntegrator system{starts()};
  PlannerConfig config{.search = {.samples = 50, .iterations = 6, .elites = 10}, .cem = {.tiers = {50, 30, 12}}};
  std::vector<int64_t> counts;
  SearchRequest request = request_for(config.search, {{0}, {1}, {2}});
  request.trace = [&](int64_t, const Iteration& done) { counts.push_back(done.candidates.size(1)); };
  make_planner(config)(system, request);
  EXPECT_EQ(counts, (std::vector<int64_t>{50, 50, 30, 30, 12, 12}));
  config.cem.tiers = {60};
  EXPECT_THROW(make_planner(config), ConfigError) << "more than samples";
  config.cem.tiers = {8};
  EXPECT_THROW(make_planner(config), ConfigError) << "fewer than elites";
}

TEST(CemPlanner, KeepsAShareOfTheOldGaussianAndASmallestDeviation) {
  const DoubleIntegrator system{starts()};
  PlannerConfig config{.search = {.samples = 50, .iterations = 1, .elites = 10}};
  const auto update = [&] {
    Iteration last;
    SearchRequest request = request_for(config.search, {{0}, {1}, {2}});
    request.trace = [&](int64_t, const Iteration& done) { last = done; };
    make_planner(config)(system, request);
    return last;
  };
  const Iteration plain = update();
  config.cem.momentum = 0.25;
  const Iteration kept = update();
  EXPECT_TRUE(at::allclose(kept.mean, 0.75 * plain.mean)) << "the first mean is 0";
  EXPECT_TRUE(at::allclose(kept.std, 0.75 * plain.std + 0.25)) << "the first deviation is 1";
  config.cem = {.smallest_std = 0.9};
  EXPECT_TRUE(at::equal(update().std, plain.std.clamp_min(0.9)));
}

TEST(PlanningNoise, DependsOnTheProblemItsPlanAndTheSeedOnly) {
  const SearchConfig config{.samples = 7, .iterations = 3, .elites = 2, .horizon = 2};
  const Tensor all = draw_noise(1, std::vector<PlanId>{{4, 0}, {5, 2}, {6, 0}}, config, 3);
  EXPECT_EQ(all.sizes(), at::IntArrayRef({3, 3, 7, 2, 3}));
  EXPECT_TRUE(at::equal(all.select(1, 1), draw_noise(1, std::vector<PlanId>{{5, 2}}, config, 3).select(1, 0)));
  const auto differs = [&](const Tensor& a, const Tensor& b) {
    return (a != b).to(at::kFloat).mean().item<double>() > 0.99;
  };
  EXPECT_TRUE(differs(all.select(1, 0), all.select(1, 2))) << "two problems";
  EXPECT_TRUE(differs(all[0], all[1])) << "two iterations";
  EXPECT_TRUE(differs(all.select(1, 0), draw_noise(1, std::vector<PlanId>{{4, 1}}, config, 3).select(1, 0)))
      << "two plans";
  EXPECT_TRUE(differs(all.select(1, 0), draw_noise(2, std::vector<PlanId>{{4, 0}}, config, 3).select(1, 0)))
      << "two seeds";
}

TEST(MakePlanner, KnowsEverySolverByNameAndSuggestsOne) {
  for (const char* name : {"cem", "icem", "mppi", "predictive_sampling"}) {
    PlannerConfig config{.solver = solver_of(name), .search = {.samples = 200, .iterations = 30, .elites = 20}};
    config.mppi.temperature = 0.05;
    const DoubleIntegrator system{starts()};
    const Plan plan = make_planner(config)(system, request_for(config.search, {{0}}));
    const Tensor row = torch::tensor({0});
    EXPECT_LT(system(plan.blocks.unsqueeze(1), row).item<double>(),
              0.6 * system(at::zeros({1, 1, 5, 2}), row).item<double>())
        << name;
  }
  try {
    solver_of("icme");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("'icem'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace foresee::planner
