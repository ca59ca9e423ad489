// Claims: pictures of a rectangle, of one camera or two, come to an action predictor in training as they come to it in
// planning, whatever the rule; a run says its rule and cameras; latents of one rule are not taken for another's.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/episode/npz/npy.h"
#include "foresee/train.h"
#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "jepa/model/world_model.h"
#include "planner/control/picture_fit.h"
#include "tests/support/small_encoder.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

class PictureRuleOfTraining : public ::testing::Test {
 protected:
  static constexpr int64_t kEpisodes = 3, kRows = 6;

  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    save_small_encoder(*folder_ / "encoder");
    const Random draws(1, Stream::kTest);
    const auto column = [&](uint64_t index, std::vector<int64_t> shape, double scale) {
      shape.insert(shape.begin(), kEpisodes * kRows);
      return Random(7, Stream::kTest, index).uniform_tensor(shape).mul(scale);
    };
    data::write_npz(*folder_ / "log.npz", {{"pixels_a", column(0, {18, 24, 3}, 256).to(at::kByte)},
                                           {"pixels_b", column(1, {18, 24, 3}, 256).to(at::kByte)},
                                           {"action", column(2, {2}, 0.1)},
                                           {"state", column(3, {2}, 1)},
                                           {"ep_len", at::full({kEpisodes}, kRows, at::kLong)}});
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static TrainRequest request(const std::string& camera, const std::optional<PictureRule>& rule,
                              const std::string& out) {
    TrainRequest request{.family = "vjepa2_ac", .data = {*folder_ / "log.npz"}, .steps = 1, .out = *folder_ / out};
    request.preset = "vjepa2-ac-s";
    request.encoder = *folder_ / "encoder";
    request.camera = camera;
    request.picture = rule;
    request.options = {.device = Device::kCpu, .threads = 1};
    request.options.settings.set = {"train.batch=2",      "train.frames=3",       "predictor.width=32",
                                    "predictor.depth=1",  "predictor.heads=2",    "state_update=add",
                                    "state_column=state", "actions=state_change", "frameskip=1",
                                    "held_out_horizon=1", "held_out_sequences=2"};
    return request;
  }

  static std::unique_ptr<TemporaryFolder> folder_;
};
std::unique_ptr<TemporaryFolder> PictureRuleOfTraining::folder_;

TEST_F(PictureRuleOfTraining, IsThatOfPlanning) {
  int run = 0;
  for (const std::string camera : {"a", "a,b"}) {
    std::vector<Tensor> different;
    for (const std::optional<PictureRule> rule :
         {std::optional<PictureRule>(), std::optional(PictureRule::kResize), std::optional(PictureRule::kCrop),
          std::optional(PictureRule::kPad)}) {
      SCOPED_TRACE("camera " + camera + ", rule " + (rule ? std::to_string(static_cast<int>(*rule)) : "none"));
      const TrainResult result = train(request(camera, rule, "run " + std::to_string(run++)));
      const auto world = load_world_model(result.model);
      const PictureSpec& spec = world->picture_spec();
      EXPECT_EQ(spec.cameras.size(), camera == "a" ? 1u : 2u);
      // What a plan is given: pictures of each camera, as they are.
      data::EpisodeDataset raw({*folder_ / "log.npz"}, data::EpisodeDataset::kCacheBytes, {.camera = "a"}),
          other({*folder_ / "log.npz"}, data::EpisodeDataset::kCacheBytes, {.camera = "b"});
      const data::EpisodeDataset trained_on = open_episodes_of(spec, {*folder_ / "log.npz"});
      const TensorMap latents = load_safetensors(result.run / "latents" / "episode-000000.safetensors");
      const Tensor features = latents.at("features");
      ASSERT_EQ(features.size(0), kRows);
      for (int64_t row = 0; row < kRows; ++row) {
        std::vector<Tensor> views{raw.frames(0, row, 1)[0]};
        if (camera != "a") views.push_back(other.frames(0, row, 1)[0]);
        const Tensor planned = planner::fit_views(views, spec).unsqueeze(0);
        EXPECT_TRUE(at::equal(action_input(planned, spec), action_input(trained_on.frames(0, row, 1), spec)));
        EXPECT_TRUE(at::allclose(features[row], world->encode_goal({planned})[0], 1e-4, 1e-4));
      }
      for (const Tensor& earlier : different) EXPECT_GT((earlier - features).abs().max().item<double>(), 1e-3);
      if (camera == "a" || rule) different.push_back(features);  // views of several cameras are squeezed by default
    }
  }
}

TEST_F(PictureRuleOfTraining, KeepsLatentsApart) {
  TrainRequest first = request("a", PictureRule::kResize, "first"), second = request("a", PictureRule::kPad, "second");
  first.latents = second.latents = *folder_ / "shared";
  train(first);
  EXPECT_THROW(train(second), CheckpointError);
  second.picture = PictureRule::kResize;
  EXPECT_EQ(train(second).steps, 1);
}

}  // namespace
}  // namespace foresee
