#include <gtest/gtest.h>

#include "jepa/core/random.h"
#include "planner/cem.h"
#include "planner/mppi.h"
#include "planner/noise.h"
#include "tests/planner/linear_system.h"

namespace foresee::planner {
namespace {

const SearchConfig kSmall{.samples = 60, .iterations = 4, .elites = 8};

SearchRequest small_request(const SearchConfig& config) {
  SearchRequest request;
  request.init = at::zeros({2, 0, 2});
  request.noise = draw_noise(9, std::vector<PlanId>{{0}, {1}}, config, 2);
  return request;
}

Plan icem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const IcemConfig& icem = {}) {
  return cem(cost, request, config, icem_options(icem), box_space(request.low, request.high));
}

DoubleIntegrator system_of_two(int64_t steps = 10) {
  return {.start = torch::tensor({{1.0f, 0.0f}, {-1.0f, 0.5f}}), .steps = steps};
}

TEST(ColouredNoise, IsSmoothForALargeExponentAndHasUnitDeviation) {
  const Tensor white = Random(3, Stream::kTest).normal_tensor({400, 16});
  const auto neighbours = [](const Tensor& x) { return (x.slice(1, 1) * x.slice(1, 0, -1)).mean().item<double>(); };
  const Tensor smooth = colour_noise(white, 2.0), plain = colour_noise(white, 0.0);
  EXPECT_GT(neighbours(smooth), 0.5);
  EXPECT_NEAR(neighbours(plain), 0.0, 0.1);
  EXPECT_TRUE(at::allclose(smooth.std(1), at::ones({400}), 1e-4, 1e-4));
}

TEST(ColouredNoise, LeavesASingleStepAsItIs) {
  const Tensor white = Random(3, Stream::kTest).normal_tensor({5, 1});
  EXPECT_TRUE(at::equal(colour_noise(white, 2.0), white));
}

TEST(IcemPlanner, KeepsToItsBoundsAndCarriesElitesOver) {
  SearchRequest request = small_request(kSmall);
  request.low = at::full({2}, -0.25);
  request.high = at::full({2}, 0.5);
  Iteration before;
  request.trace = [&](int64_t iteration, const Iteration& done) {
    EXPECT_GE(done.candidates.min().item<double>(), -0.25);
    EXPECT_LE(done.candidates.max().item<double>(), 0.5);
    if (iteration > 0) {
      for (int64_t kept = 0; kept < 5; ++kept)
        EXPECT_TRUE(
            at::equal(done.candidates[1][1 + kept], before.candidates[1][before.elite_index[1][kept].item<int64_t>()]));
    }
    before = done;
  };
  icem(system_of_two(), request, kSmall);
  EXPECT_TRUE(before.costs.defined());
}

TEST(IcemPlanner, PlansOneStepAhead) {
  const SearchConfig config{.samples = 60, .iterations = 10, .elites = 8, .horizon = 1};
  SearchRequest request;
  request.init = at::zeros({1, 0, 1});
  request.noise = draw_noise(9, std::vector<PlanId>{{0}}, config, 1);
  const DoubleIntegrator system{.start = torch::tensor({{1.0f, 0.0f}}), .steps = 1};
  EXPECT_NEAR(icem(system, request, config).blocks.item<double>(), system.best_actions(0).item<double>(), 0.02);
}

TEST(IcemPlanner, CanAnswerWithTheBestElite) {
  SearchRequest request = small_request(kSmall);
  Iteration last;
  request.trace = [&](int64_t, const Iteration& done) { last = done; };
  const Plan plan = icem(system_of_two(), request, kSmall, {.return_mean = false});
  EXPECT_TRUE(at::equal(plan.blocks[0], last.candidates[0][last.elite_index[0][0].item<int64_t>()]));
}

TEST(MppiPlanner, IsTheBestSampleWhenColdAndTheEliteMeanWhenHot) {
  const SearchConfig config{.samples = 60, .iterations = 1, .elites = 8};
  SearchRequest request = small_request(config);
  Iteration last;
  request.trace = [&](int64_t, const Iteration& done) { last = done; };
  const auto elites = [&] { return last.candidates[0].index_select(0, last.elite_index[0]); };
  const Plan cold = mppi(system_of_two(), request, config, {.temperature = 1e-5});
  EXPECT_TRUE(at::allclose(cold.blocks[0], elites()[0]));
  const Plan hot = mppi(system_of_two(), request, config, {.temperature = 1e6});
  EXPECT_TRUE(at::allclose(hot.blocks[0], elites().mean(0), 1e-3, 1e-5));
  EXPECT_TRUE(at::equal(last.std, at::ones_like(last.std))) << "the deviation never changes";
}

TEST(PredictiveSampling, NeverGetsWorseThanItsNominalPlan) {
  SearchRequest request = small_request(kSmall);
  const auto system = system_of_two();
  request.init = at::stack({system.best_actions(0), system.best_actions(1)}).to(at::kFloat).reshape({2, 5, 2});
  const Plan plan = predictive_sampling(system, request, kSmall);
  EXPECT_TRUE(at::equal(plan.blocks, request.init)) << "nothing is cheaper than the optimum";
}

}  // namespace
}  // namespace foresee::planner
