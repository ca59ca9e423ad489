// LeWM as planning sees it: the fast roll-out is the plain one, whatever the history, the tiles and the rows.
#include "jepa/model/lewm/world_model.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "tests/jepa/model/lewm/lewm_small.h"
#include "tests/support/difference.h"

namespace foresee {
namespace {

using testing::random_bytes;
using testing::scrambled;
using testing::small_actions;
using testing::small_lewm;

constexpr double kClose = 1e-4;

LewmWorldModel small_world_model(const LewmConfig& config = small_lewm()) {
  Preprocess preprocess;
  preprocess.size = 16;
  return LewmWorldModel(scrambled(config, 1), small_actions(), preprocess);
}

Observation observe(int64_t batch, int64_t length) {
  Observation seen;
  seen.frames = random_bytes({batch, length, 3, 16, 16}, 2);
  if (length > 1) seen.actions = Random(3, Stream::kTest).normal_tensor({batch, (length - 1) * 2, 2});
  return seen;
}

Tensor plans(int64_t batch, int64_t candidates, int64_t horizon) {
  return Random(4, Stream::kTest).normal_tensor({batch, candidates, horizon, 4});
}

TEST(LewmWorldModel, CostsArePlainRolloutsDistances) {
  const LewmWorldModel model = small_world_model();
  const Tensor goal = model.encode_goal(random_bytes({2, 3, 16, 16}, 5));
  for (const int64_t length : {1, 2, 3}) {
    const auto context = model.encode(observe(2, length));
    for (const int64_t horizon : {1, 2, 5}) {
      const Tensor actions = plans(2, 7, horizon), plain = model.plain_rollout(*context, actions);
      EXPECT_LT(max_difference(model.rollout(*context, actions), plain), kClose)
          << length << " frames, horizon " << horizon;
      const Tensor wanted = (plain.select(2, horizon - 1) - goal.unsqueeze(1)).square().sum(-1);
      EXPECT_LT(max_difference(model.costs(*context, goal, actions), wanted), 24 * kClose);
    }
  }
}

TEST(LewmWorldModel, CostsOfEveryStepAreThoseOfShorterPlans) {
  const LewmWorldModel model = small_world_model();
  const Tensor goal = model.encode_goal(random_bytes({2, 3, 16, 16}, 5)), actions = plans(2, 7, 5);
  const auto context = model.encode(observe(2, 2));
  const Tensor along = model.step_costs(*context, goal, actions);
  ASSERT_EQ(along.sizes(), (std::vector<int64_t>{2, 7, 5}));
  EXPECT_LT(max_difference(along, model.WorldModel::step_costs(*context, goal, actions)), 24 * kClose);
}

TEST(LewmWorldModel, FastPathTakesProjectionsOfAnotherWidth) {
  LewmConfig config = small_lewm();
  config.embedding = 20;
  config.predictor.frames = 2;
  config.predictor.heads = 1;
  config.predictor.head_dim = config.predictor.width;  // no output projection of attention
  const LewmWorldModel model = small_world_model(config);
  const auto context = model.encode(observe(1, 2));
  const Tensor actions = plans(1, 5, 4);
  EXPECT_LT(max_difference(model.rollout(*context, actions), model.plain_rollout(*context, actions)), kClose);
}

TEST(LewmWorldModel, ChunksOfCandidatesDoNotChangeCosts) {
  const LewmWorldModel model = small_world_model();
  const auto context = model.encode(observe(1, 2));
  const Tensor goal = model.encode_goal(random_bytes({1, 3, 16, 16}, 5)), actions = plans(1, 500, 4);
  const Tensor together = model.costs(*context, goal, actions);
  std::vector<Tensor> parts;
  for (const Tensor& part : actions.split(33, 1)) parts.push_back(model.costs(*context, goal, part));
  EXPECT_LT(max_difference(together, at::cat(parts, 1)), 24 * kClose);
  const Tensor many = plans(1, 1500, 2);  // more than the plain path takes at a time
  EXPECT_LT(max_difference(model.rollout(*context, many), model.plain_rollout(*context, many)), kClose);
}

TEST(LewmWorldModel, ContextRowsAreTheirProblemsAlone) {
  const LewmWorldModel model = small_world_model();
  const auto context = model.encode(observe(3, 3));
  const auto rows = context->rows(at::tensor({2, 0, 2}, at::kLong));
  ASSERT_EQ(rows->batch(), 3);
  const Tensor actions = plans(3, 4, 3), chosen = actions.index_select(0, at::tensor({2, 0, 2}, at::kLong));
  const Tensor all = model.rollout(*context, actions), some = model.rollout(*rows, chosen);
  EXPECT_LT(max_difference(some[0], all[2]), kClose);
  EXPECT_LT(max_difference(some[1], all[0]), kClose);
  EXPECT_LT(max_difference(some[2], some[0]), kClose);
  EXPECT_GT(max_difference(all[2], all[0]), 0.01);
  EXPECT_LT(max_difference(model.plain_rollout(*rows, chosen), some), kClose);
}

TEST(LewmWorldModel, LongHistoriesLoseTheirOldestFrames) {
  const LewmWorldModel model = small_world_model();
  const Observation all = observe(1, 5);
  Observation recent;
  recent.frames = all.frames.slice(1, 2);
  recent.actions = all.actions.slice(1, 4);
  const Tensor actions = plans(1, 3, 2);
  EXPECT_LT(max_difference(model.rollout(*model.encode(all), actions), model.rollout(*model.encode(recent), actions)),
            kClose);
}

TEST(LewmWorldModel, PastActionsAreNormalisedAndMissingOnesZero) {
  const LewmWorldModel model = small_world_model();
  Observation seen = observe(1, 2), missing = seen;
  missing.actions = at::full_like(seen.actions, NAN);
  seen.actions = at::tensor({0.1, -0.2}, at::kFloat).expand({1, 2, 2}).contiguous();  // the mean: zero when normalised
  const Tensor actions = plans(1, 2, 1);
  EXPECT_LT(max_difference(model.rollout(*model.encode(seen), actions), model.rollout(*model.encode(missing), actions)),
            1e-5);
}

TEST(LewmWorldModel, GradientReachesActions) {
  const LewmWorldModel model = small_world_model();
  const auto context = model.encode(observe(1, 2));
  const Tensor goal = model.encode_goal(random_bytes({1, 3, 16, 16}, 5));
  const Tensor actions = plans(1, 2, 3).requires_grad_();
  const Tensor costs = model.costs(*context, goal, actions);
  costs.sum().backward();
  ASSERT_TRUE(actions.grad().defined());
  const Tensor nudge = at::zeros_like(actions.detach());
  nudge[0][1][0][2] = 1e-2;
  const double slope = (model.costs(*context, goal, actions.detach() + nudge) -
                        model.costs(*context, goal, actions.detach() - nudge))[0][1]
                           .item<double>() /
                       2e-2;
  EXPECT_NEAR(actions.grad()[0][1][0][2].item<double>(), slope, 0.02 * std::abs(slope) + 2e-3);
}

TEST(LewmWorldModel, RefusesPicturesOfAnotherSize) {
  const LewmWorldModel model = small_world_model();
  Observation seen;
  seen.frames = random_bytes({1, 1, 3, 16, 20}, 2);
  EXPECT_THROW(model.encode(seen), Error);
  EXPECT_THROW(model.encode_goal(random_bytes({1, 3, 20, 16}, 5)), Error);
  EXPECT_EQ(model.picture_spec().size, 16);
}

TEST(LewmWorldModel, RefusesActionsOfAnotherSize) {
  ActionSpec actions = small_actions();
  actions.block = 3;
  EXPECT_THROW(LewmWorldModel(scrambled(small_lewm(), 1), actions, Preprocess()), ConfigError);
  const LewmWorldModel model = small_world_model();
  const auto context = model.encode(observe(1, 1));
  EXPECT_THROW(model.rollout(*context, at::zeros({1, 2, 3, 5})), Error);
  Observation seen = observe(1, 3);
  seen.actions = seen.actions.slice(1, 1);
  EXPECT_THROW(model.encode(seen), Error);
}

}  // namespace
}  // namespace foresee
