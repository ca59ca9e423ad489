// Claims: an ActionSpace says what is searched, whatever searches: numbers that are not searched stay 0, limits hold in
// every candidate, and the way to whole actions and back loses nothing.
#include "planner/space/action_space.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "planner/planner.h"

namespace foresee::planner {
namespace {

/// The second and the last of four numbers; the last is pinned, the second is held from step 2 on.
ActionSpace some_space() {
  ActionSpace space;
  space.size = 4;
  space.searched = {1, 3};
  space.low = torch::tensor({-0.5f, -9.0f});
  space.high = torch::tensor({0.25f, 9.0f});
  space.pinned = {std::nullopt, 0.125};
  space.held = HeldNumber{.number = 0, .from_step = 2, .value = 7.0};
  space.dead_band = {0.2, 0};
  space.first_std = {3.0, 0.5};
  return space;
}

/// Drives every number toward -1.
Tensor far_below(const Tensor& actions, const Tensor&) { return (actions + 1).square().sum({2, 3}); }

TEST(ActionSpace, ExpandsToActionsAndBack) {
  const Tensor numbers = at::arange(12, at::kFloat).view({2, 3, 2}) + 1, action = some_space().to_action(numbers);
  ASSERT_EQ(action.sizes(), at::IntArrayRef({2, 3, 4}));
  EXPECT_TRUE(at::equal(action.select(-1, 1), numbers.select(-1, 0)));
  EXPECT_TRUE(at::equal(action.select(-1, 3), numbers.select(-1, 1)));
  EXPECT_EQ(action.select(-1, 0).abs().max().item<float>() + action.select(-1, 2).abs().max().item<float>(), 0.0f);
  EXPECT_TRUE(at::equal(some_space().from_action(action), numbers));
  EXPECT_TRUE(at::equal(ActionSpace{}.to_action(numbers), numbers)) << "the default searches whole actions";
}

TEST(ActionSpace, SettlesSmallNumbersOnly) {
  const Tensor plan = torch::tensor({0.19f, 0.01f, -0.21f, 0.0f}).view({1, 2, 2});
  EXPECT_TRUE(at::equal(some_space().settle_only(plan), torch::tensor({0.0f, 0.01f, -0.21f, 0.0f}).view({1, 2, 2})));
  EXPECT_TRUE(at::equal(some_space().settle(plan), torch::tensor({0.0f, 0.125f, -0.21f, 0.125f}).view({1, 2, 2})))
      << "and pins hold";
}

TEST(ActionSpace, HoldsInEverySolver) {
  for (const Solver solver :
       {Solver::kCem, Solver::kIcem, Solver::kMppi, Solver::kPredictiveSampling, Solver::kGradient}) {
    const PlannerConfig config{.solver = solver, .search = {.samples = 20, .iterations = 3, .elites = 4, .horizon = 3}};
    SearchRequest request;
    request.init = at::zeros({1, 0, 2});
    request.noise = draw_noise(2, std::vector<PlanId>{{0}}, config.draws(), 2);
    int64_t seen = 0;
    request.trace = [&](int64_t, const Iteration& done) {
      ++seen;
      const Tensor second = done.candidates.select(-1, 1);
      EXPECT_GE(second.min().item<float>(), -0.5f) << name_of(solver);
      EXPECT_LE(second.slice(2, 0, 2).max().item<float>(), 0.25f) << name_of(solver);
      EXPECT_TRUE((second.select(2, 2) == 7.0f).all().item<bool>()) << name_of(solver);
      EXPECT_TRUE((done.candidates.select(-1, 3) == 0.125f).all().item<bool>()) << name_of(solver);
      EXPECT_EQ(done.candidates.select(-1, 0).abs().max().item<float>(), 0.0f) << name_of(solver);
      EXPECT_EQ(done.mean.size(-1), 2) << name_of(solver);
    };
    const Plan plan = make_planner(config, some_space())(far_below, request);
    EXPECT_EQ(seen, 3) << name_of(solver);
    ASSERT_EQ(plan.blocks.sizes(), at::IntArrayRef({1, 3, 4})) << name_of(solver);
    EXPECT_LT(plan.blocks[0][0][1].item<float>(), -0.2f) << name_of(solver);
  }
}

TEST(ActionSpace, RefusesAMeanOfOtherNumbers) {
  const PlannerConfig config{.search = {.samples = 20, .iterations = 1, .elites = 4, .horizon = 3}};
  SearchRequest request;
  request.init = at::zeros({1, 0, 4});
  request.noise = draw_noise(2, std::vector<PlanId>{{0}}, config.search, 4);
  EXPECT_THROW(make_planner(config, some_space())(far_below, request), Error);
}

TEST(CemOptions, KeepDeviationsFromVanishing) {
  const SearchConfig config{.samples = 20, .iterations = 8, .elites = 4, .horizon = 2};
  SearchRequest request;
  request.init = at::zeros({1, 0, 1});
  request.noise = draw_noise(2, std::vector<PlanId>{{0}}, config, 1);
  Tensor std;
  request.trace = [&](int64_t, const Iteration& done) { std = done.std; };
  cem(far_below, request, config);
  EXPECT_LT(std.min().item<float>(), 0.3f);
  cem(far_below, request, config, {.smallest_std = 0.3});
  EXPECT_GE(std.min().item<float>(), 0.3f);
}

}  // namespace
}  // namespace foresee::planner
