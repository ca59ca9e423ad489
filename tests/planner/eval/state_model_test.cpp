// Claims: a model that is told the robot's own state is evaluated in closed loop with the environment's, and refused
// where the environment has none of its size; pictures reach a model at its own size.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/picture/resize.h"
#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "planner/control/picture_fit.h"
#include "planner/eval/evaluate.h"
#include "planner/eval/methods.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// V-JEPA 2-AC with random weights and a state to which actions add up.
Vjepa2AcWorldModel small_model(int64_t state_size) {
  Vjepa2AcConfig config;
  config.encoder.image_size = 32;
  config.encoder.width = config.predictor.width = 48;
  config.encoder.depth = config.predictor.depth = 1;
  config.encoder.heads = config.predictor.heads = 3;
  config.predictor.action_size = 5 * state_size;
  config.predictor.state_size = state_size;
  config.state_update = StateUpdate::kAdd;
  const Vjepa2Ac model(config);
  model.encoder->initialise(1);
  model.predictor->initialise(1);
  Preprocess preprocess;
  preprocess.size = 32;
  return {model, {.size = state_size, .block = 5}, preprocess};
}

EvalConfig short_config(const std::string& env) {
  EvalConfig config;
  config.env = env;
  config.protocol = Protocol::kFar;
  config.episodes = 1;
  config.budget = 12;
  config.history = 2;
  config.methods = {"planner"};
  config.planner.planner.search = {.samples = 6, .iterations = 1, .elites = 3, .horizon = 1};
  config.planner.receding = 1;
  return config;
}

TEST(ModelWithStates, IsEvaluatedInClosedLoop) {
  const Vjepa2AcWorldModel model = small_model(2);
  const EvalResult result = evaluate(short_config("two_room"), 3, &model);
  const Trial& episode = result.find("planner")->trials.at(0);
  EXPECT_EQ(episode.planning_ms.size(), 3u) << "12 steps are three blocks of five";
  EXPECT_NE(episode.path.back(), episode.path.front());
}

TEST(ModelWithStates, IsToldTheEnvironmentsStates) {
  const Vjepa2AcWorldModel model = small_model(2);
  ControlCore core(model, short_config("two_room"), {.seed = 1});
  const Tensor picture =
      Random(1, Stream::kTest).normal_tensor({3, 40, 60}).mul(50).add(128).clamp(0, 255).to(at::kByte);
  core.set_goal(0, picture);
  const std::vector<int64_t> only{0};
  const std::vector<Sight> seen{{.picture = picture, .state = {30, 40}}};
  core.act(seen, only);
  const Tensor states = core.last_plan(0).states;  // the present one, then the end of the block
  ASSERT_EQ(states.sizes(), at::IntArrayRef({2, 2}));
  EXPECT_EQ(states[0][1].item<double>(), 40);
  const Tensor sum = states[0] + core.last_plan(0).actions.sum(0);
  EXPECT_LT((states[1] - sum).abs().max().item<double>(), 1e-6);
  core.reset(0);
  const std::vector<Sight> none{{.picture = picture}};
  EXPECT_THROW(core.act(none, only), Error);
}

TEST(ModelWithStates, NeedsAnEnvironmentThatHasThem) {
  const Vjepa2AcWorldModel model = small_model(3);
  Envs envs;
  envs.push_back(make_env("two_room"));
  const auto method = model_method(model, short_config("two_room"), 1)(envs, 0);
  EXPECT_THAT([&] { method->act(std::vector<int64_t>{0}); }, ThrowsMessage<Error>(HasSubstr("'proprio'")));
}

TEST(PictureFit, ResizesByTheModelsRule) {
  const Tensor picture =
      Random(1, Stream::kTest).normal_tensor({3, 48, 64}).mul(50).add(128).clamp(0, 255).to(at::kByte);
  const PictureSpec whole{.size = 16}, square = with_transform(whole, PictureTransform::kCenterSquare);
  EXPECT_TRUE(at::equal(fit_picture(picture, whole), data::resize_pillow_bilinear(picture, 16, 16)));
  EXPECT_TRUE(at::equal(fit_picture(picture, square), picture)) << "the model cuts it itself";
  EXPECT_THROW(fit_picture(picture.to(at::kFloat), whole), Error);
  EXPECT_THROW(fit_picture(picture.slice(1, 0, 0), whole), Error);
}

}  // namespace
}  // namespace foresee::planner
