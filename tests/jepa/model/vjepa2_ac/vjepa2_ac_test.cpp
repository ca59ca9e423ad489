// Claims: V-JEPA 2-AC as planning sees it rolls out the same by the cached and the plain path; costs, rows and states
// are what the pieces say; folders come back as they were saved; recorded cases hold.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "tests/support/difference.h"
#include "tests/support/parity.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

constexpr double kRolloutClose = 1e-5;

Vjepa2AcConfig small_ac_config(StateUpdate update = StateUpdate::kArmPose) {
  Vjepa2AcConfig config;
  config.encoder.image_size = 32;
  config.encoder.patch_size = 16;
  config.encoder.width = 48;
  config.encoder.depth = 2;
  config.encoder.heads = 3;
  config.predictor.width = 48;
  config.predictor.depth = 2;
  config.predictor.heads = 3;
  config.state_update = update;
  if (update != StateUpdate::kArmPose) config.predictor.state_size = 2;
  return config;
}

/// Weights of a size that lets every input matter.
Vjepa2Ac scrambled_ac(const Vjepa2AcConfig& config) {
  Vjepa2Ac model(config);
  const torch::NoGradGuard no_grad;
  uint64_t first = 0;
  for (torch::nn::Module* module :
       {static_cast<torch::nn::Module*>(model.encoder.get()), static_cast<torch::nn::Module*>(model.predictor.get())})
    for (auto& parameter : module->parameters()) {
      parameter.copy_(Random(7, Stream::kTest).normal_tensor(parameter.sizes(), first) * 0.15);
      first += static_cast<uint64_t>(parameter.numel());
    }
  return model;
}

Vjepa2AcWorldModel small_ac_world(int64_t cache_bytes = Vjepa2AcWorldModel::kCacheBytes) {
  Preprocess preprocess;
  preprocess.size = 32;
  return {scrambled_ac(small_ac_config()), ActionSpec{.size = 7}, preprocess, cache_bytes};
}

Tensor pictures(at::IntArrayRef shape, uint64_t number) {
  return (Random(8, Stream::kTest, number).uniform_tensor(shape) * 255).to(at::kByte);
}

Observation observe_arm(int64_t batch, int64_t length) {
  Observation seen;
  seen.frames = pictures({batch, length, 3, 32, 32}, 0);
  seen.actions = Random(8, Stream::kTest, 1).normal_tensor({batch, length - 1, 7}) * 0.1;
  seen.state = Random(8, Stream::kTest, 2).normal_tensor({batch, length, 7});
  return seen;
}

Tensor arm_plans(int64_t batch, int64_t candidates, int64_t horizon) {
  return Random(8, Stream::kTest, 3).normal_tensor({batch, candidates, horizon, 7}) * 0.3;
}

TEST(Vjepa2AcWorldModel, CachedRollOutIsThePlainOneForEveryHorizonAndContext) {
  const torch::NoGradGuard no_grad;
  const Vjepa2AcWorldModel world = small_ac_world();
  for (const int64_t length : {1, 2, 3, 4}) {
    const auto context = world.encode(observe_arm(2, length));
    for (const int64_t horizon : {1, 2, 3, 5}) {
      const Tensor actions = arm_plans(2, 5, horizon), cached = world.rollout(*context, actions);
      ASSERT_EQ(cached.sizes(), (std::vector<int64_t>{2, 5, horizon, 4, 48}));
      EXPECT_LT(max_difference(cached, world.plain_rollout(*context, actions)), kRolloutClose)
          << length << " frames, horizon " << horizon;
    }
  }
}

TEST(Vjepa2AcWorldModel, CostIsTheMeanDistanceOfTheLastFrame) {
  const Vjepa2AcWorldModel world = small_ac_world();
  const auto context = world.encode(observe_arm(2, 2));
  const Tensor goal = world.encode_goal(pictures({2, 3, 32, 32}, 4)), actions = arm_plans(2, 6, 3);
  const Tensor wanted = (world.rollout(*context, actions).select(2, 2) - goal.unsqueeze(1)).abs().mean({2, 3});
  EXPECT_LT(max_difference(world.costs(*context, goal, actions), wanted), kRolloutClose);
  EXPECT_GT(wanted.std().item<double>(), 1e-4) << "actions change the cost";
}

TEST(Vjepa2AcWorldModel, ChunksOfCandidatesDoNotChangeCosts) {
  const Vjepa2AcWorldModel world = small_ac_world(), chunked = small_ac_world(/*cache_bytes=*/1);
  const Tensor goal = world.encode_goal(pictures({2, 3, 32, 32}, 4)), actions = arm_plans(2, 7, 2);
  EXPECT_LT(max_difference(world.costs(*world.encode(observe_arm(2, 3)), goal, actions),
                           chunked.costs(*chunked.encode(observe_arm(2, 3)), goal, actions)),
            kRolloutClose);
}

TEST(Vjepa2AcWorldModel, ThreadsThatShareCandidatesDoNotChangeThem) {
  const Vjepa2AcWorldModel world = small_ac_world();
  const auto context = world.encode(observe_arm(2, 2));
  const Tensor actions = arm_plans(2, 37, 3);  // not a multiple of any number of threads
  const int before = at::get_num_threads();
  std::vector<Tensor> rollouts;
  for (const int threads : {1, 2, 5}) {
    at::set_num_threads(threads);
    rollouts.push_back(world.rollout(*context, actions));
  }
  at::set_num_threads(before);
  for (const Tensor& other : rollouts) EXPECT_LT(max_difference(other, rollouts.front()), kRolloutClose);
  EXPECT_GT(max_difference(rollouts.front().select(1, 0), rollouts.front().select(1, 36)), 0.01) << "each its own";
}

TEST(Vjepa2AcWorldModel, ContextRowsAreTheirProblemsAlone) {
  const Vjepa2AcWorldModel world = small_ac_world();
  const auto context = world.encode(observe_arm(3, 3));
  const Tensor index = torch::tensor({2, 0, 2}, at::kLong), actions = arm_plans(3, 4, 2);
  const Tensor all = world.rollout(*context, actions),
               some = world.rollout(*context->rows(index), actions.index_select(0, index));
  EXPECT_LT(max_difference(some, all.index_select(0, index)), kRolloutClose);
  EXPECT_GT(max_difference(all[2], all[0]), 0.01);
}

TEST(Vjepa2AcWorldModel, StatesFollowTheActions) {
  const Vjepa2AcWorldModel world = small_ac_world();
  const Observation seen = observe_arm(1, 2);
  const Tensor actions = arm_plans(1, 3, 2), states = world.states(*world.encode(seen), actions)[0];
  ASSERT_EQ(states.sizes(), (std::vector<int64_t>{3, 3, 7}));
  const Tensor now = seen.state[0][1].to(at::kDouble);
  EXPECT_LT(max_difference(states.select(1, 0), now.expand({3, 7})), 1e-12);
  EXPECT_LT(max_difference(states[1][2], compute_new_pose(compute_new_pose(now, actions[0][1][0]), actions[0][1][1])),
            1e-9);
}

TEST(Vjepa2AcWorldModel, GradientReachesActions) {
  const Vjepa2AcWorldModel world = small_ac_world();
  const auto context = world.encode(observe_arm(1, 2));
  const Tensor goal = world.encode_goal(pictures({1, 3, 32, 32}, 4)), actions = arm_plans(1, 2, 2).requires_grad_();
  world.costs(*context, goal, actions).sum().backward();
  ASSERT_TRUE(actions.grad().defined());
  const Tensor nudge = at::zeros({1, 2, 2, 7});
  nudge[0][1][0][1] = 1e-2;
  const double slope = (world.costs(*context, goal, actions.detach() + nudge) -
                        world.costs(*context, goal, actions.detach() - nudge))[0][1]
                           .item<double>() /
                       2e-2;
  EXPECT_NEAR(actions.grad()[0][1][0][1].item<double>(), slope, 0.05 * std::abs(slope) + 2e-4);
}

TEST(Vjepa2AcWorldModel, SaysWhatIsMissing) {
  const Vjepa2AcWorldModel world = small_ac_world();
  Observation seen = observe_arm(1, 2);
  seen.state = Tensor();
  EXPECT_THROW(world.encode(seen), Error);
  seen = observe_arm(1, 3);
  seen.actions = seen.actions.slice(1, 1);
  EXPECT_THROW(world.encode(seen), Error);
  EXPECT_THROW(world.rollout(*world.encode(observe_arm(1, 1)), at::zeros({1, 2, 3, 6})), Error);
}

TEST(Vjepa2Ac, UnknownStatesAreZerosAndAddedOnesSums) {
  const Vjepa2Ac none(small_ac_config(StateUpdate::kNone)), add(small_ac_config(StateUpdate::kAdd));
  const Tensor states = torch::tensor({{3.0, 4.0}}, at::kDouble);
  const Tensor actions = torch::tensor({{{1.0, 0.5}, {1.0, -2.0}}}, at::kDouble);  // one block of two
  EXPECT_EQ(none.normalise_states(states).abs().max().item<double>(), 0.0);
  EXPECT_LT(max_difference(add.next_states(states, actions), torch::tensor({{5.0, 2.5}}, at::kDouble)), 1e-12);
  Vjepa2AcConfig config = small_ac_config(StateUpdate::kAdd);
  config.state_mean = {1.0, 2.0};
  config.state_std = {2.0, 4.0};
  EXPECT_LT(max_difference(Vjepa2Ac(config).normalise_states(states), torch::tensor({{1.0f, 0.5f}})), 1e-6);
}

TEST(Vjepa2Ac, ConfigRefusesWhatDoesNotFit) {
  Vjepa2AcConfig config = small_ac_config();
  config.predictor.state_size = 6;
  EXPECT_THROW(config.validate(), ConfigError);
  config = small_ac_config(StateUpdate::kAdd);
  config.state_mean = {1.0};
  EXPECT_THROW(config.validate(), ConfigError);
}

TEST(Vjepa2Ac, WidePicturesLoseTheirSides) {
  Tensor wide = at::zeros({1, 3, 32, 40}, at::kByte);
  wide.narrow(3, 4, 32).copy_(pictures({1, 3, 32, 32}, 5));
  const Preprocess preprocess;
  EXPECT_LT(max_difference(frame_input(wide, preprocess, 32, 32), preprocess.normalise(wide.narrow(3, 4, 32))), 1e-5);
  EXPECT_EQ(frame_input(wide, preprocess, 16, 16).sizes(), (std::vector<int64_t>{1, 3, 16, 16}));
}

TEST(Vjepa2Ac, FolderComesBackAsSaved) {
  const TemporaryFolder folder;
  const Vjepa2Ac model = scrambled_ac(small_ac_config());
  ModelFolder files;
  files.family = "vjepa2_ac";
  files.model = config_json(model.config);
  files.preprocess.size = 32;
  files.actions = ActionSpec{.size = 7};
  files.weights = model.weights();
  save_model_folder(folder.path(), files);
  const auto loaded = load_world_model(folder.path());
  const Vjepa2AcWorldModel world(model, *files.actions, files.preprocess);
  const Tensor actions = arm_plans(1, 3, 2);
  EXPECT_EQ(max_difference(loaded->rollout(*loaded->encode(observe_arm(1, 2)), actions),
                           world.rollout(*world.encode(observe_arm(1, 2)), actions)),
            0.0);
}

TEST(Vjepa2AcParity, RecordedCasesHold) {
  parity::expect_case_passes("vjepa2/official_ac", parity::verify_vjepa2_official_ac);
  parity::expect_case_passes("vjepa2/official_ac_extrinsics", parity::verify_vjepa2_official_ac);
  parity::expect_case_passes("vjepa2/ac_train_step", parity::verify_vjepa2_ac_train_step);
}

}  // namespace
}  // namespace foresee
