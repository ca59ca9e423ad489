// Claims: a Model says what it is and needs, sees in pictures what its family sees, and plans as a Controller does.
#include "foresee/model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "jepa/core/torch.h"
#include "jepa/model/vjepa2/vjepa2.h"
#include "planner/env/two_room/two_room.h"
#include "tests/support/arm_model.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const fs::path kShipped = "tools/assets/two_room", kVideo = "tests/fixtures/vjepa2/hf_classifier";

Model opened(const fs::path& path) { return Model({.model = path, .device = Device::kCpu}); }

Tensor room(double x, double y, int64_t size = 64) {
  planner::TwoRoom env;
  env.set_goal(std::vector<double>{180, 180});
  env.set_state(std::vector<double>{x, y});
  return env.render(size).permute({1, 2, 0}).contiguous();
}
PictureView view(const Tensor& rows) { return {rows.const_data_ptr<uint8_t>(), rows.size(0), rows.size(1)}; }

TEST(Model, SaysWhatItIsAndNeeds) {
  const Model lewm = opened(kShipped);
  EXPECT_EQ(lewm.info().family, "lewm");
  EXPECT_EQ(lewm.info().format, "foresee");
  EXPECT_TRUE(lewm.info().plans);
  EXPECT_GT(lewm.info().parameters, 100'000);
  ASSERT_EQ(lewm.info().files.size(), 1u);
  EXPECT_EQ(lewm.info().files[0].filename(), "model.safetensors");
  EXPECT_EQ(lewm.picture().size, 64);
  EXPECT_EQ(lewm.picture().rule, "resize");
  EXPECT_EQ(lewm.action().size, 2);
  EXPECT_EQ(lewm.action().block, 5);
  EXPECT_EQ(lewm.state().size, 0);

  const Model video = opened(kVideo);
  EXPECT_EQ(video.info().family, "vjepa2");
  EXPECT_EQ(video.info().format, "hf");
  EXPECT_FALSE(video.info().plans);
  EXPECT_EQ(video.action().size, 0);
  EXPECT_EQ(video.picture().rule, "huggingface");
  EXPECT_EQ(video.info().tubelet, 2);
}

TEST(Model, EncodesPicturesOneByOne) {
  const Model model = opened(kShipped);
  const Tensor a = room(40, 40), b = room(120, 60);
  const PictureView both[] = {view(a), view(b)};
  const Array<float> seen = model.encode(both), second = model.encode({both + 1, 1});
  ASSERT_EQ(seen.shape.size(), 2u);
  EXPECT_EQ(seen.shape[0], 2);
  const auto width = static_cast<size_t>(seen.shape[1]);
  ASSERT_EQ(second.values.size(), width);
  float difference = 0;
  for (size_t i = 0; i < width; ++i) {
    EXPECT_EQ(seen.values[width + i], second.values[i]);
    difference += std::abs(seen.values[i] - seen.values[width + i]);
  }
  EXPECT_GT(difference, 0.1f) << "other places look alike";
}

TEST(Model, EncodesAClipAsAWhole) {
  const Model model = opened(kVideo);
  const Tensor now = room(40, 40, 100), later = room(120, 60, 100), small = room(40, 40, 50);
  const PictureView clip[] = {view(now), view(later), view(now), view(later)};
  const Array<float> tokens = model.encode(clip), pair = model.encode({clip, 2}), one = model.encode({clip, 1});
  const auto loaded = load_video_encoder(kVideo);
  EXPECT_EQ(tokens.shape[1], loaded.encoder->config.width);
  EXPECT_EQ(tokens.shape[0], 2 * pair.shape[0]);
  EXPECT_EQ(one.shape, pair.shape) << "one picture fills a token";
  EXPECT_NE(one.values, pair.values);
  EXPECT_THROW(model.encode({clip, 3}), Error);
  const PictureView mixed[] = {view(now), view(small)};
  EXPECT_THROW(model.encode(mixed), Error);
  EXPECT_THROW(model.encode({}), Error);
  const double state[] = {1, 2};
  EXPECT_THROW(model.encode({clip, 2}, state), Error) << "it takes no state";
}

TEST(Model, PlansAsAControllerDoes) {
  const Model model = opened(kShipped);
  const Tensor now = room(40, 40), goal = room(60, 60);
  const Settings settings{
      .set = {"planner.samples=8", "planner.elites=4", "planner.iterations=2", "planner.horizon=2"}};
  const auto plan = model.plan(
      {.observed = {{.pictures = {view(now)}}}, .goal = {.pictures = {view(goal)}}, .settings = settings, .seed = 3});
  Controller controller({.model = kShipped, .device = Device::kCpu, .seed = 3, .settings = settings});
  controller.set_goal({.pictures = {view(goal)}});
  controller.act({.pictures = {view(now)}});
  EXPECT_EQ(plan.actions, controller.last_plan().actions);
  EXPECT_EQ(plan.actions.size(), 10u);
  EXPECT_THROW(model.plan({.goal = {.pictures = {view(goal)}}}), Error);
  EXPECT_THROW(opened(kVideo).plan({.observed = {{.pictures = {view(now)}}}, .goal = {.pictures = {view(goal)}}}),
               Error);
}

TEST(Model, OfAnArmEncodesFramesAndPlansFromItsPose) {
  const TemporaryFolder folder;
  const Model model = opened(write_arm_model(folder / "m"));
  EXPECT_EQ(model.info().family, "vjepa2_ac");
  EXPECT_EQ(model.state().size, 7);
  EXPECT_FALSE(model.state().of_goal);
  const Tensor now = room(40, 40, 48), goal = room(60, 60, 40);
  const PictureView both[] = {view(now), view(goal)};
  EXPECT_EQ(model.encode(both).shape, (std::vector<int64_t>{2, 4, 48}));
  const auto plan = model.plan({.observed = {{.pictures = {view(now)}, .state = {0.5, 0, 0.25, -3.1, 0, -1.9, 0.2}}},
                                .goal = {.pictures = {view(goal)}},
                                .settings = {.set = {"samples=12", "elites=4", "iterations=2", "horizon=3"}}});
  EXPECT_EQ(plan.actions.size(), 3u);
  EXPECT_EQ(plan.states.size(), 4u);
}

TEST(Model, RefusesWhatIsNoModel) {
  EXPECT_THROW(opened("no/such/model"), CheckpointError);
  EXPECT_THROW(opened("README.md"), CheckpointError);
  EXPECT_THROW(opened("tests/fixtures/vjepa2/official_pt/latest.pt"), UnknownSizeError);
  EXPECT_NO_THROW(Model({.model = "tests/fixtures/vjepa2/official_pt/latest.pt",
                         .device = Device::kCpu,
                         .read = {.heads = 2, .predictor_heads = 2, .image_size = 32}}));
}

}  // namespace
}  // namespace foresee
