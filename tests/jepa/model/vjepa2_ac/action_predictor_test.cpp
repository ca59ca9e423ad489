// Claims: the action-conditioned predictor gives the values that the official code gave (reference section 9); a step
// sees itself and the past alone; the cached path is the plain one, whatever context and horizon.
#include "jepa/model/vjepa2_ac/action_predictor.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/action_rollout.h"
#include "tests/support/difference.h"
#include "tests/support/golden.h"

namespace foresee {
namespace {

constexpr double kPredictorClose = 1e-5;

ActionPredictorConfig small_config(bool extrinsics = false) {
  ActionPredictorConfig config;
  config.width = 48;
  config.depth = 3;
  config.heads = 3;
  config.use_extrinsics = extrinsics;
  return config;
}

std::shared_ptr<ActionPredictor> small_predictor(bool extrinsics = false) {
  auto predictor = std::make_shared<ActionPredictor>(small_config(extrinsics), 40);
  const torch::NoGradGuard no_grad;
  uint64_t first = 0;
  for (auto& parameter : predictor->parameters()) {  // large enough that every part of the network matters
    parameter.copy_(Random(3, Stream::kTest).normal_tensor(parameter.sizes(), first) *
                    (parameter.dim() > 1 ? 0.2 : 0.5));
    first += static_cast<uint64_t>(parameter.numel());
  }
  return predictor;
}

Tensor draws(at::IntArrayRef shape, uint64_t number) { return Random(5, Stream::kTest, number).normal_tensor(shape); }

ActionSteps some_steps(int64_t batch, int64_t steps, const FrameGrid& grid, bool extrinsics = false) {
  return {draws({batch, steps * grid.tokens(), 40}, 0), draws({batch, steps, 7}, 1), draws({batch, steps, 7}, 2),
          extrinsics ? draws({batch, steps, 6}, 3) : Tensor()};
}

TEST(ActionPredictor, GivesTheRecordedFeatures) {
  const torch::NoGradGuard no_grad;
  ActionPredictorConfig config;
  config.width = 32;
  config.depth = config.heads = 2;
  ActionPredictor predictor(config, 64);
  golden_fill(predictor);
  const ActionSteps steps{2.0 * hash_fill({1, 27, 64}, 1001), 2.0 * hash_fill({1, 3, 7}, 1002),
                          2.0 * hash_fill({1, 3, 7}, 1003), Tensor()};
  expect_golden(predictor.forward(steps, {3, 3}), -92.01780264, 1160.59171022,
                {-1.41947073, 0.7196552, -0.87389157, 0.18399564}, {-0.42503117, -0.43258599, -0.01697698, 0.09344001});
}

TEST(ActionPredictor, ReleasedSizeHasItsParameters) {
  EXPECT_EQ(ActionPredictorConfig().parameter_count(1408), 305220992);
  const ActionPredictor predictor(small_config(), 40);
  int64_t counted = 0;
  for (const auto& parameter : predictor.parameters()) counted += parameter.numel();
  EXPECT_EQ(counted, small_config().parameter_count(40));
  EXPECT_EQ(predictor.parameters().size(), 12u * 3u + 12u);
  EXPECT_NE(predictor.named_parameters().find("extrinsics_encoder.weight"), nullptr);
}

TEST(ActionPredictor, AStepSeesThePastAndItsOwnActionOnly) {
  const torch::NoGradGuard no_grad;
  const auto predictor = small_predictor();
  const FrameGrid grid{2, 2};
  ActionSteps steps = some_steps(1, 3, grid);
  const Tensor before = predictor->forward(steps, grid).unflatten(1, {3, 4});
  steps.actions = steps.actions.clone();
  steps.actions[0][1].add_(1.0);
  const Tensor after = predictor->forward(steps, grid).unflatten(1, {3, 4});
  EXPECT_LT(max_difference(before.select(1, 0), after.select(1, 0)), kPredictorClose);
  EXPECT_GT(max_difference(before.select(1, 1), after.select(1, 1)), 0.01);
  EXPECT_GT(max_difference(before.select(1, 2), after.select(1, 2)), 0.001);
}

TEST(ActionPredictor, FirstStepsAreThoseOfAShorterSequence) {
  const torch::NoGradGuard no_grad;
  const auto predictor = small_predictor();
  const FrameGrid grid{2, 3};
  const ActionSteps steps = some_steps(2, 4, grid);
  const Tensor all = predictor->forward(steps, grid), two = predictor->forward(steps.slice(0, 2), grid);
  EXPECT_LT(max_difference(all.narrow(1, 0, 2 * grid.tokens()), two), kPredictorClose);
}

TEST(ActionPredictor, ColumnsAreScaledByHeightOverWidth) {
  const auto predictor = small_predictor();
  const at::TensorOptions like(at::kDouble);
  const RopeTable ours = predictor->rope(1, 1, {2, 4}, like);
  TokenPositions positions = token_positions(at::arange(8, at::kLong), 2, 4);
  positions = {positions.time + 1, positions.row.to(at::kDouble), positions.column.to(at::kDouble) * 0.5};
  const RopeTable wanted = rope_table(positions, 16, at::kDouble);
  EXPECT_LT(max_difference(ours.cos.narrow(0, 2, 8), wanted.cos), 1e-12);
  EXPECT_LT(max_difference(ours.sin.narrow(0, 2, 8), wanted.sin), 1e-12);
  const int64_t d = rotated_channels(16) / 3;  // the action's token turns with the time alone
  EXPECT_LT(max_difference(ours.sin[0].narrow(0, 0, d), wanted.sin[0].narrow(0, 0, d)), 1e-12);
  EXPECT_EQ(ours.sin[0].narrow(0, d, 16 - d).abs().max().item<double>(), 0.0);
}

TEST(ActionPredictor, RefusesShapesThatDoNotFit) {
  const auto predictor = small_predictor(/*extrinsics=*/true);
  ActionSteps steps = some_steps(1, 2, {2, 2}, /*extrinsics=*/true);
  EXPECT_NO_THROW(predictor->forward(steps, {2, 2}));
  EXPECT_THROW(predictor->forward(steps, {2, 3}), Error);
  steps.extrinsics = Tensor();
  EXPECT_THROW(predictor->forward(steps, {2, 2}), Error);
}

TEST(ActionRollout, IsThePlainPathForEveryContextAndHorizon) {
  const torch::NoGradGuard no_grad;
  constexpr int64_t kBatch = 2, kCandidates = 3;
  for (const bool extrinsics : {false, true}) {
    const FrameGrid grid{2, 3};
    const auto predictor = small_predictor(extrinsics);
    const ActionRollout rollout(predictor);
    for (const int64_t context : {1, 2, 3, 4})
      for (const int64_t horizon : {1, 2, 3, 4}) {
        // Candidates share all frames before the current one and differ from there on.
        const ActionSteps own = some_steps(kBatch * kCandidates, context + horizon - 1, grid, extrinsics);
        const ActionSteps shared = some_steps(kBatch, context, grid, extrinsics).slice(0, context - 1);
        const auto join = [&](const Tensor& past, const Tensor& all) {
          if (!all.defined()) return Tensor();
          const int64_t per_step = all.size(1) / own.steps();
          const Tensor later = all.narrow(1, (context - 1) * per_step, horizon * per_step);
          return at::cat({past.repeat_interleave(kCandidates, 0), later}, 1);
        };
        const ActionSteps all{join(shared.features, own.features), join(shared.actions, own.actions),
                              join(shared.states, own.states), join(shared.extrinsics, own.extrinsics)};
        const Tensor plain = predictor->forward(all, grid).unflatten(1, {-1, grid.tokens()});

        ActionCache prefix = rollout.empty(kBatch, context - 1, grid);
        rollout.remember(shared, prefix);
        ActionCache cache = prefix.fan_out(kCandidates, horizon);
        for (int64_t h = 0; h < horizon; ++h) {
          const Tensor next = rollout.advance(all.slice(context - 1 + h, 1), cache);
          EXPECT_LT(max_difference(next, plain.select(1, context - 1 + h)), kPredictorClose)
              << "context " << context << ", step " << h + 1 << " of " << horizon << ", extrinsics " << extrinsics;
        }
        EXPECT_EQ(cache.frames, context - 1 + horizon);
      }
  }
}

TEST(ActionRollout, RefusesMoreFramesThanItsCapacity) {
  const FrameGrid grid{2, 2};
  const ActionRollout rollout(small_predictor());
  ActionCache cache = rollout.empty(1, 1, grid);
  rollout.advance(some_steps(1, 1, grid), cache);
  EXPECT_THROW(rollout.advance(some_steps(1, 1, grid), cache), Error);
}

}  // namespace
}  // namespace foresee
