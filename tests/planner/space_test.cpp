// Claims: balls and splines are what their formulas say; every search keeps to a ball, whose nearest point it finds; a
// search of knots finds a curve, the best one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "planner/control/mpc.h"
#include "planner/space/ball.h"
#include "planner/space/spline.h"
#include "tests/planner/linear_system.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

double far_apart(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST(ActionBall, FindsTheNearestPoint) {
  const Tensor points = torch::tensor({{3.0, 4.0}, {0.3, -0.4}, {-2.0, 1.5}}, at::kDouble);
  const ActionBall l2{.norm = BallNorm::kL2, .radius = 1}, l1{.norm = BallNorm::kL1, .radius = 2};
  EXPECT_LT(far_apart(l2.nearest(points), torch::tensor({{0.6, 0.8}, {0.3, -0.4}, {-0.8, 0.6}}, at::kDouble)), 1e-12);
  EXPECT_LT(far_apart(l1.nearest(points), torch::tensor({{0.5, 1.5}, {0.3, -0.4}, {-1.25, 0.75}}, at::kDouble)), 1e-12);
  EXPECT_LT(far_apart(l1.nearest(torch::tensor({9.0, 1.0}, at::kDouble)), torch::tensor({2.0, 0.0}, at::kDouble)),
            1e-12);
}

TEST(ActionBall, MeasuresTheRobotsUnitsAndLeavesWhatLiesInside) {
  const ActionSpec spec{.size = 2, .block = 2, .mean = {1, -1}, .std = {0.5, 2}};
  const auto ball = action_ball({.norm = BallNorm::kL2, .radius = 1.5}, spec).value();
  const Tensor drawn = Random(3, Stream::kTest).normal_tensor({40, 4});
  const Tensor numbers = drawn.clone();
  ball.project(numbers);
  const auto size = [&](const Tensor& blocks) { return spec.to_environment(blocks).square().sum(-1).sqrt(); };
  EXPECT_LE(size(numbers).max().item<double>(), 1.5 + 1e-5);
  const Tensor before = size(drawn).view({40, 2}), inside = (before <= 1.5).repeat_interleave(2, 1);
  EXPECT_GT(inside.sum().item<int64_t>(), 4);
  EXPECT_TRUE(at::equal(numbers.masked_select(inside), drawn.masked_select(inside)));
}

TEST(ActionBall, RefusesLimitsWithoutItsCenter) {
  const BallConfig ball{.norm = BallNorm::kL1, .radius = 1};
  EXPECT_THAT(
      [&] {
        action_ball(ball, {.size = 2, .low = {-1, 0.1}, .high = {1, 1}});
      },
      ThrowsMessage<ConfigError>(HasSubstr("number 1 of an action cannot be 0")));
  EXPECT_FALSE(action_ball({}, {.size = 2, .low = {1, 1}, .high = {2, 2}}));
}

TEST(ActionBall, HoldsInEverySearchWhichFindsItsNearestPoint) {
  const ActionSpec spec{.size = 2, .block = 2, .mean = {0.1, -0.2}, .std = {0.6, 0.6}};
  const Tensor wanted = torch::tensor({{1.5, 0.2}, {-0.1, 0.2}, {0.7, -2.0}, {0.0, 0.9}}, at::kDouble);  // steps
  constexpr Solver kSolvers[] = {Solver::kCem,      Solver::kIcem,       Solver::kMppi,   Solver::kPredictiveSampling,
                                 Solver::kGradient, Solver::kLagrangian, Solver::kMemetic};
  for (const BallNorm norm : {BallNorm::kL1, BallNorm::kL2})
    for (const Solver solver : kSolvers) {
      SCOPED_TRACE(fmt::format("{} {}", name_of(solver), norm == BallNorm::kL1 ? "l1" : "l2"));
      MpcConfig config;
      config.ball = {.norm = norm, .radius = 0.8};
      config.planner.solver = solver;
      config.planner.search = {.samples = 200, .iterations = 60, .elites = 20, .horizon = 2};
      config.planner.mppi.temperature = 0.01;
      config.planner.gradient = {.optimizer = Descent::kSgd, .learning_rate = 0.3};
      config.planner.lagrangian.most_effort = 100;
      config.receding = 2;
      Mpc mpc(config, spec, /*seed=*/1, /*count=*/1);
      const CostFn cost = [&](const Tensor& actions, const Tensor&) {
        const Tensor steps = spec.to_environment(actions);
        const Tensor size = norm == BallNorm::kL1 ? steps.abs().sum(-1) : steps.square().sum(-1).sqrt();
        EXPECT_LE(size.max().item<double>(), 0.8 + 1e-5);
        return (steps - wanted.to(at::kFloat)).square().sum({2, 3});
      };
      const Plan plan = mpc.plan(std::vector<int64_t>{0}, cost, at::kCPU);
      const Tensor nearest = ActionBall{.norm = norm, .radius = 0.8}.nearest(wanted);
      // Deviations of mppi and of predictive sampling never shrink.
      const bool coarse = solver == Solver::kMppi || solver == Solver::kPredictiveSampling;
      EXPECT_LT(far_apart(spec.to_environment(plan.blocks)[0], nearest), coarse ? 0.3 : 0.05);
    }
}

TEST(Spline, IsBernsteinsOfFewKnotsAndLinearOfTwo) {
  const Tensor u = at::linspace(0, 1, 9, at::kDouble), v = 1 - u;
  EXPECT_LT(far_apart(spline_weights(9, 2), at::stack({v, u}, 1)), 1e-12);
  EXPECT_LT(far_apart(spline_weights(9, 3), at::stack({v * v, 2 * u * v, u * u}, 1)), 1e-12);
  EXPECT_LT(far_apart(spline_weights(9, 4), at::stack({v * v * v, 3 * u * v * v, 3 * u * u * v, u * u * u}, 1)), 1e-12);
  EXPECT_TRUE(at::equal(spline_weights(3, 1), at::ones({3, 1}, at::kDouble)));
}

TEST(Spline, WeightsAreSharesAndReachFourKnots) {
  for (const int64_t knots : {5, 7, 12}) {
    const Tensor weights = spline_weights(30, knots);
    EXPECT_GE(weights.min().item<double>(), 0);
    EXPECT_LT((weights.sum(1) - 1).abs().max().item<double>(), 1e-12);
    EXPECT_LE((weights > 0).sum(1).max().item<int64_t>(), 4);
    EXPECT_NEAR(weights[0][0].item<double>(), 1, 1e-12);
    EXPECT_NEAR(weights[29][knots - 1].item<double>(), 1, 1e-12);
    const Tensor middle = spline_weights(2 * knots + 1, knots);
    EXPECT_LT(far_apart(middle, middle.flip({0, 1})), 1e-12) << "the same from behind";
  }
}

/// What a search of `knots` finds for one problem of the linear system with 10 blocks of one number.
Plan plan_of_knots(const DoubleIntegrator& system, int64_t knots, const Tensor& init) {
  const SearchConfig config{
      .samples = 300, .iterations = 60, .elites = 40, .horizon = 10, .init_std = 2, .knots = knots};
  SearchRequest request;
  request.init = init;
  request.noise = draw_noise(4, std::vector<PlanId>{{0}}, config, 1);
  return cem(system, request, config);
}

TEST(Spline, KnotsAreSearchedInPlaceOfBlocks) {
  const DoubleIntegrator system{.start = torch::tensor({{1.0f, 0.0f}}), .step = 0.2, .effort = 0.5};
  const Tensor weights = spline_weights(10, 4), nothing = at::zeros({1, 0, 1});
  const Plan plan = plan_of_knots(system, 4, nothing);
  ASSERT_EQ(plan.blocks.sizes(), (std::vector<int64_t>{1, 10, 1}));
  // The best curve: least squares in the metric of the cost, J(W k) = k' W' Q W k + ...
  const Tensor rows = at::zeros({1}, at::kLong);
  const auto cost = [&](const Tensor& u) { return system(u.view({1, 1, 10, 1}), rows).item<double>(); };
  const double free = cost(at::zeros({10}, at::kDouble));
  Tensor q = at::empty({4, 4}, at::kDouble), g = at::empty({4}, at::kDouble);
  const auto at_knots = [&](const Tensor& k) { return cost(at::matmul(weights, k)); };
  const Tensor unit = at::eye(4, at::kDouble);
  for (int64_t i = 0; i < 4; ++i) {
    g[i] = (at_knots(unit[i]) - at_knots(-unit[i])) / 2;
    for (int64_t j = 0; j < 4; ++j)
      q[i][j] = at_knots(unit[i] + unit[j]) - at_knots(unit[i]) - at_knots(unit[j]) + free;
  }
  const Tensor best = at::matmul(weights, -at::linalg_solve(q, g));
  EXPECT_LT(far_apart(plan.blocks.flatten(), best), 0.02);
  EXPECT_LT(cost(system.best_actions(0)), cost(best)) << "a curve cannot do all";
}

TEST(Spline, BeginsAtTheNearestCurveToWhatIsLeft) {
  const DoubleIntegrator system{.start = torch::tensor({{1.0f, 0.0f}})};
  const Tensor curve = at::matmul(spline_weights(10, 5), torch::tensor({1.0, -1.0, 0.5, 0.2, 0.0}, at::kDouble));
  const SearchConfig config{.samples = 2, .iterations = 1, .elites = 2, .horizon = 10, .init_std = 0, .knots = 5};
  SearchRequest request;
  request.init = curve.view({1, 10, 1}).to(at::kFloat);
  request.noise = draw_noise(4, std::vector<PlanId>{{0}}, config, 1);
  EXPECT_LT(far_apart(cem(system, request, config).blocks.flatten(), curve), 1e-5);
}

TEST(Spline, RefusesMoreKnotsThanBlocks) {
  const SearchConfig config{.horizon = 3, .knots = 4};
  EXPECT_THAT([&] { config.validate(); }, ThrowsMessage<ConfigError>(HasSubstr("knots <= horizon, got 4 > 3")));
}

}  // namespace
}  // namespace foresee::planner
