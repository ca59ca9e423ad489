// Options of the lewm family: each does what its paper says, and none of them touches the published model.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/io/state_dict.h"
#include "jepa/loss/straightening.h"
#include "jepa/model/lewm/loss.h"
#include "jepa/model/world_model.h"
#include "tests/jepa/model/lewm/lewm_small.h"

namespace foresee {
namespace {

using testing::moving_dots;
using testing::random_bytes;
using testing::scrambled;
using testing::small_lewm;

Tensor normal_draws(at::IntArrayRef shape, uint64_t seed) { return Random(seed, Stream::kTest).normal_tensor(shape); }

double largest_gap(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

LewmConfig prefix_lewm() {
  LewmConfig config = small_lewm();
  config.predictor.kind = LewmPredictorKind::kPrefix;
  config.predictor.prefix_layers = 2;
  config.predictor.horizon = 3;
  return config;
}

LewmLosses losses_of(const Lewm& model, const LewmBatch& batch, const LewmLossConfig& config) {
  const Tensor directions = normal_draws({model->config.embedding, 32}, 7);
  return lewm_losses(model, Preprocess(), batch.frames, batch.actions, directions, config, nullptr, batch.proprio);
}

TEST(StraighteningLoss, IsZeroOnLinesOneOnRightAnglesTwoOnReturns) {
  const auto path = [](std::vector<double> x, std::vector<double> y) {
    return at::stack({torch::tensor(x), torch::tensor(y)}, 1).unsqueeze(0);
  };
  EXPECT_NEAR(straightening_loss(path({0, 1, 3, 4}, {0, 2, 6, 8})).item<double>(), 0, 1e-6);
  EXPECT_NEAR(straightening_loss(path({0, 1, 1}, {0, 0, 1})).item<double>(), 1, 1e-6);
  EXPECT_NEAR(straightening_loss(path({0, 1, 0}, {0, 1, 0})).item<double>(), 2, 1e-6);
  EXPECT_THROW(straightening_loss(at::zeros({1, 2, 4})), Error);
}

TEST(StraighteningLoss, GradientIsThatOfFiniteDifferences) {
  Tensor z = normal_draws({2, 4, 3}, 1).to(at::kDouble).requires_grad_(true);
  straightening_loss(z).backward();
  const torch::NoGradGuard no_grad;
  for (const int64_t i : {0, 7, 14, 23}) {
    Tensor up = z.detach().clone(), down = up.clone();
    up.view(-1)[i] += 1e-6;
    down.view(-1)[i] -= 1e-6;
    const double wanted = (straightening_loss(up) - straightening_loss(down)).item<double>() / 2e-6;
    EXPECT_NEAR(z.grad().view(-1)[i].item<double>(), wanted, 1e-6);
  }
}

TEST(LewmLosses, DefaultsAreThePublishedLoss) {
  const Lewm model = scrambled(small_lewm(), 1);
  const LewmLosses losses = losses_of(model, moving_dots(4, 4, 1, 0), {});
  EXPECT_FALSE(losses.rollout.defined());
  EXPECT_FALSE(losses.straightening.defined());
  EXPECT_NEAR(losses.total.item<double>(), losses.prediction.item<double>() + 0.09 * losses.sigreg.item<double>(),
              1e-5);
}

TEST(LewmLosses, RolloutLossIsTheErrorOfOpenLoopStepsAfterTheFirst) {
  Lewm model = scrambled(small_lewm(), 1);
  model->eval();  // no statistics of the batch: a roll-out can be repeated
  LewmLossConfig config;
  config.rollout_steps = 4;
  config.rollout_weight = 0.5;
  ASSERT_EQ(lewm_clip_frames(small_lewm(), config), 5);
  const LewmBatch batch = moving_dots(4, 5, 1, 0);
  const LewmLosses losses = losses_of(model, batch, config);
  const Tensor rolled = model->rollout(losses.embeddings.slice(1, 0, 1), batch.actions.slice(1, 0, 4));
  const double wanted = (rolled.slice(1, 2) - losses.embeddings.slice(1, 2)).square().mean().item<double>();
  EXPECT_NEAR(losses.rollout.item<double>(), wanted, 1e-5);
  const double plain = losses.prediction.item<double>() + 0.09 * losses.sigreg.item<double>();
  EXPECT_NEAR(losses.total.item<double>(), plain + 0.5 * wanted, 1e-4);
}

TEST(LewmLosses, RolloutGradientRunsThroughItsOwnPredictions) {
  // The last step's error reaches the first action only through the predictions between.
  const Lewm model = scrambled(small_lewm(), 1);
  LewmBatch batch = moving_dots(4, 5, 1, 0);
  const Tensor actions = batch.actions.clone().requires_grad_(true);
  const Tensor z = model->embed(batch.frames.flatten(0, 1), Preprocess()).view({4, 5, -1}).detach();
  const Tensor rolled = model->rollout(z.slice(1, 0, 1), actions.slice(1, 0, 4));
  rolled.select(1, 4).square().sum().backward();
  EXPECT_GT(actions.grad().select(1, 0).abs().max().item<double>(), 1e-6);
}

TEST(LewmLosses, StraighteningJoinsTheTotal) {
  const Lewm model = scrambled(small_lewm(), 1);
  LewmLossConfig config;
  config.straightening_weight = 2.0;
  const LewmLosses losses = losses_of(model, moving_dots(4, 4, 1, 0), config);
  EXPECT_NEAR(losses.straightening.item<double>(), straightening_loss(losses.embeddings).item<double>(), 1e-6);
  EXPECT_NEAR(
      losses.total.item<double>(),
      losses.prediction.item<double>() + 0.09 * losses.sigreg.item<double>() + 2 * losses.straightening.item<double>(),
      1e-4);
}

TEST(LewmPrefix, APredictionKnowsItsOwnPrefixAndNoMore) {
  Lewm model = scrambled(prefix_lewm(), 1);
  model->eval();
  const torch::NoGradGuard no_grad;
  const Tensor state = normal_draws({2, 24}, 1), actions = normal_draws({2, 3, 4}, 2);
  const Tensor all = model->predict_prefixes(state, model->embed_actions(actions));
  ASSERT_EQ(all.sizes(), at::IntArrayRef({2, 3, 24}));
  Tensor other = actions.clone();
  other.select(1, 2).add_(1.0);
  const Tensor changed = model->predict_prefixes(state, model->embed_actions(other));
  EXPECT_LT(largest_gap(all.slice(1, 0, 2), changed.slice(1, 0, 2)), 1e-5);
  EXPECT_GT(largest_gap(all.select(1, 2), changed.select(1, 2)), 1e-3);
  const Tensor fewer = model->predict_prefixes(state, model->embed_actions(actions.slice(1, 0, 2)));
  EXPECT_LT(largest_gap(fewer, all.slice(1, 0, 2)), 1e-5);
}

TEST(LewmPrefix, LongerPlansGoOnFromTheLastPrediction) {
  Lewm model = scrambled(prefix_lewm(), 1);
  model->eval();
  const torch::NoGradGuard no_grad;
  const Tensor history = normal_draws({2, 2, 24}, 1),
               actions = normal_draws({2, 6, 4}, 2);  // one executed block, five planned
  const Tensor states = model->rollout(history, actions);
  ASSERT_EQ(states.size(1), 7);
  const Tensor first = model->predict_prefixes(history.select(1, 1), model->embed_actions(actions.slice(1, 1, 4)));
  EXPECT_LT(largest_gap(states.slice(1, 2, 5), first), 1e-5);
  const Tensor rest = model->predict_prefixes(first.select(1, 2), model->embed_actions(actions.slice(1, 4)));
  EXPECT_LT(largest_gap(states.slice(1, 5), rest), 1e-5);
}

TEST(LewmPrefix, LossIsDenseOverPrefixesAndIgnoresPadding) {
  Lewm model = scrambled(prefix_lewm(), 1);
  model->eval();
  const LewmLossConfig config;
  ASSERT_EQ(lewm_clip_frames(prefix_lewm(), config), 4);
  const LewmBatch batch = moving_dots(4, 4, 1, 0);
  const LewmLosses losses = losses_of(model, batch, config);
  double error = 0;
  int64_t terms = 0;
  for (int64_t t = 0; t < 3; ++t) {
    const Tensor predicted =
        model->predict_prefixes(losses.embeddings.select(1, t), model->embed_actions(batch.actions.slice(1, t, 3)));
    for (int64_t h = 0; h < 3 - t; ++h, ++terms)
      error += (predicted.select(1, h) - losses.embeddings.select(1, t + 1 + h)).square().mean().item<double>();
  }
  EXPECT_NEAR(losses.prediction.item<double>(), error / static_cast<double>(terms), 1e-4);
}

TEST(LewmPrefix, PlansAsAWorldModel) {
  Preprocess preprocess;
  preprocess.size = 16;
  const LewmWorldModel model(scrambled(prefix_lewm(), 1), testing::small_actions(), preprocess);
  Observation seen;
  seen.frames = random_bytes({2, 1, 3, 16, 16}, 2);
  const auto context = model.encode(seen);
  const Tensor goal = model.encode_goal(random_bytes({2, 3, 16, 16}, 5)), actions = normal_draws({2, 6, 5, 4}, 4);
  const Tensor last = model.rollout(*context, actions).select(2, 4);
  EXPECT_LT(largest_gap(model.costs(*context, goal, actions), (last - goal.unsqueeze(1)).square().sum(-1)), 1e-3);
}

TEST(LewmProprioception, JoinsThePictureAndIsAskedFor) {
  LewmConfig config = small_lewm();
  config.proprioception = 3;
  Lewm model = scrambled(config, 1);
  model->set_proprioception_statistics({1, 2, 3}, {2, 2, 2});
  model->eval();
  const torch::NoGradGuard no_grad;
  const Tensor frames = random_bytes({2, 3, 16, 16}, 5), state = normal_draws({2, 3}, 1);
  const Tensor z = model->embed(frames, Preprocess(), state);
  EXPECT_GT(largest_gap(z, model->embed(frames, Preprocess(), state + 1)), 1e-3);
  EXPECT_THROW(model->embed(frames, Preprocess()), Error);
  EXPECT_THROW(scrambled(small_lewm(), 1)->embed(frames, Preprocess(), state), Error);

  Preprocess preprocess;
  preprocess.size = 16;
  const LewmWorldModel world(model, testing::small_actions(), preprocess);
  EXPECT_EQ(world.state_spec().size, 3);
  EXPECT_TRUE(world.state_spec().of_goal);
  EXPECT_THROW(world.encode_goal(frames), Error);
  EXPECT_LT(largest_gap(world.encode_goal({frames, state}), z), 1e-5);
  Observation seen;
  seen.frames = frames.unsqueeze(1);
  EXPECT_THROW(world.encode(seen), Error);
  seen.state = state.unsqueeze(1);
  EXPECT_EQ(world.encode(seen)->batch(), 2);
}

TEST(LewmProprioception, StatisticsTravelWithTheWeights) {
  LewmConfig config = small_lewm();
  config.proprioception = 2;
  Lewm from = scrambled(config, 1), to(config);
  from->set_proprioception_statistics({5, 6}, {7, 8});
  load_state_dict(*to, state_dict(*from), "test");
  EXPECT_EQ(to->state_mean[1].item<float>(), 6);
  EXPECT_EQ(to->state_std[0].item<float>(), 7);
}

TEST(LewmConfig, VariantsAreRefusedByStableWorldmodelsFormat) {
  EXPECT_NO_THROW(swm_config(small_lewm()));
  EXPECT_THROW(swm_config(prefix_lewm()), ConfigError);
  LewmConfig config = small_lewm();
  config.heads.distance_hidden = 8;
  EXPECT_THROW(swm_config(config), ConfigError);
}

}  // namespace
}  // namespace foresee
