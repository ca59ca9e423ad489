// Claims: a latent that is a frame's own finds that very frame, at no distance; frames far apart are kept; a bank comes
// back as it was written and is refused beside another model; a film of a plan is written whole or not at all.
#include <gtest/gtest.h>

#include <cmath>

#include "data/episode/sink.h"
#include "data/picture/image.h"
#include "data/video/reader.h"
#include "foresee/export_model.h"
#include "foresee/imagine/film_file.h"
#include "foresee/plan.h"
#include "jepa/core/api/request_error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/io/manifest.h"
#include "jepa/io/safetensors.h"
#include "planner/env/collect.h"
#include "tests/support/arm_model.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/two_room_picture.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

class Imagination : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    const auto sink = data::make_sink(data::SinkFormat::kNpz, *folder_ / "episodes.npz");
    for (const auto& episode : planner::generate_episodes({.max_steps = 30, .size = 64, .seed = 3}, 4))
      sink->add(episode);
    sink->commit();
    fs::copy("tools/assets/two_room", *folder_ / "bare");
    fs::remove(*folder_ / "bare" / kFrameBankFile);
    export_model({.model = *folder_ / "bare",
                  .format = "foresee",
                  .out = *folder_ / "with frames",
                  .bank = {*folder_ / "episodes.npz"}});
    export_model({.model = *folder_ / "with frames", .format = "swm", .out = *folder_ / "swm"});  // drops heads
    model_ = load_world_model(*folder_ / "bare").release();
    const data::EpisodeDataset episodes({*folder_ / "episodes.npz"});
    bank_ = std::make_unique<FrameBank>(collect_frames(*model_, episodes));
  }
  static void TearDownTestSuite() {
    delete std::exchange(model_, nullptr);
    bank_.reset();
    folder_.reset();
  }

  /// A copy of the model with its frames, which a test may damage.
  fs::path copy() const {
    fs::copy(*folder_ / "with frames", own_ / "model");
    return own_ / "model";
  }
  PlanRequest request(const std::string& model, const fs::path& film) const {
    PlanRequest request{.model = *folder_ / model, .observed = {view_of(now_)}, .goal = {view_of(goal_)}};
    request.options.device = Device::kCpu;
    request.options.settings.set = {"planner.samples=16", "planner.elites=4", "planner.iterations=2",
                                    "planner.horizon=3"};
    request.imagine = film;
    return request;
  }
  static std::string member(const PlanRequest& request) {
    return refused_member([&] { plan_once(request); });
  }
  int64_t files() const { return std::distance(fs::directory_iterator(own_.path()), fs::directory_iterator()); }

  static inline std::unique_ptr<TemporaryFolder> folder_;
  static inline WorldModel* model_ = nullptr;
  static inline std::unique_ptr<FrameBank> bank_;
  const TemporaryFolder own_;
  const Tensor now_ = room_at(40, 40), goal_ = room_at(60, 60);
};

TEST_F(Imagination, FindsTheVeryFrameOfItsOwnLatent) {
  const int64_t row = 7;
  const Tensor own = encode_pictures(*model_, bank_->pictures.slice(0, row, row + 1));
  const ImaginedPictures seen = imagined_pictures(*model_, *bank_, own);
  EXPECT_TRUE(at::equal(seen.nearest[0], bank_->pictures[row]));
  EXPECT_LT(seen.distances.front(), 1e-4);
  const ImaginedPictures off = imagined_pictures(*model_, *bank_, own + 0.25);
  EXPECT_LE(off.distances.front(), 0.25 + 1e-4) << "a root mean square over the numbers";
  EXPECT_GT(off.distances.front(), 0.05);
}

TEST_F(Imagination, MeasuresAStepBetweenRealFrames) {
  ASSERT_GT(bank_->pictures.size(0), 40);
  const Tensor all = latent_distances(bank_->latents, bank_->latents);
  EXPECT_EQ(all.diagonal().max().item<double>(), 0);
  EXPECT_GT(bank_->step, 0);
  EXPECT_LT(bank_->step, all.max().item<double>()) << "frames a block apart are nearer than those of other places";
}

TEST_F(Imagination, ShowsModelsWhoseEncodingsAreManyTokens) {
  const auto arm = load_world_model(write_arm_model(own_ / "arm"));
  const data::EpisodeDataset episodes({*folder_ / "episodes.npz"});
  const FrameBank bank = collect_frames(*arm, episodes);
  Observation seen;
  seen.frames = bank.pictures.slice(0, 5, 6).unsqueeze(1);
  seen.state = at::zeros({1, 1, kArmPoseSize}, at::kDouble);
  const Tensor imagined = arm->rollout(*arm->encode(seen), at::zeros({1, 1, 2, kArmPoseSize}))[0][0];
  const ImaginedPictures shown = imagined_pictures(*arm, bank, at::cat({arm->encode_goal(seen.frames[0]), imagined}));
  EXPECT_TRUE(at::equal(shown.nearest[0], bank.pictures[5]));
  EXPECT_LT(shown.distances[0], 1e-4);
  EXPECT_GT(shown.distances[2], 0.01) << "random weights imagine nothing real";
  EXPECT_FALSE(shown.decoded.defined());
}

TEST_F(Imagination, KeepsFramesThatLieFarApart) {
  FrameBank line{.pictures = at::arange(6).to(at::kByte).view({6, 1, 1, 1}).expand({6, 3, 2, 2}),
                 .latents = torch::tensor({{0.0F}, {0.1F}, {0.2F}, {5.0F}, {9.0F}, {10.0F}}),
                 .step = 1,
                 .origin = "six"};
  const FrameBank three = spread_frames(line, 3);
  EXPECT_TRUE(at::equal(three.latents, torch::tensor({{0.0F}, {10.0F}, {5.0F}})));
  EXPECT_EQ(three.pictures[1][0][0][0].item<int64_t>(), 5) << "pictures go along";
  EXPECT_EQ(spread_frames(line, 9).latents.size(0), 6);
}

TEST_F(Imagination, ComesBackFromTheModelFolder) {
  const auto read = read_frame_bank(*folder_ / "with frames", *model_);
  ASSERT_TRUE(read);
  EXPECT_TRUE(at::equal(read->pictures, bank_->pictures)) << "fewer than are kept";
  EXPECT_LT((read->latents - bank_->latents).abs().max().item<double>(), 1e-4);
  EXPECT_FALSE(read_frame_bank(*folder_ / "bare", *model_));
  EXPECT_EQ(weights_checksum(*folder_ / "with frames"), weights_checksum(*folder_ / "bare")) << "frames are no weights";
  EXPECT_TRUE(fs::exists(*folder_ / "swm" / kFrameBankFile)) << "they travel with the model";
}

TEST_F(Imagination, RefusesFramesThatAreDamagedOrOfAnotherModel) {
  const fs::path model = copy(), file = model / kFrameBankFile;
  TensorMap tensors = load_safetensors(file);
  const auto refused = [&](const TensorMap& changed, const std::string& step) {
    save_safetensors(file, changed, {{"step", step}, {"origin", "x"}});
    return refusal_of<CheckpointError>([&] { read_frame_bank(model, *model_); });
  };
  EXPECT_EQ(refused(tensors, "0.5"), "");
  EXPECT_TRUE(says(refused(tensors, "0"), "no distance of a step"));
  TensorMap other = tensors;
  other["latents"] = tensors["latents"] + 1;
  EXPECT_TRUE(says(refused(other, "0.5"), "encoded by another model"));
  other = tensors;
  other["picture_ends"] = tensors["picture_ends"] + 1000000;
  EXPECT_TRUE(says(refused(other, "0.5"), "pictures end where"));
  other = tensors;
  other.erase("latents");
  EXPECT_TRUE(says(refused(other, "0.5"), "'latents' is missing"));
}

TEST_F(Imagination, FilmsAPlan) {
  const fs::path strip = own_ / "film.png", video = own_ / "film.mp4";
  const PlanResult found = plan_once(request("with frames", strip));
  ASSERT_TRUE(found.imagination);
  ASSERT_EQ(found.imagination->distances.size(), 3u) << "one after each block";
  for (const double distance : found.imagination->distances) EXPECT_TRUE(std::isfinite(distance) && distance > 0);
  EXPECT_NEAR(found.imagination->step, bank_->step, 1e-6);
  EXPECT_TRUE(found.imagination->decoder);
  const PlanResult plain = plan_once(request("swm", own_ / "plain.png"));
  EXPECT_FALSE(plain.imagination->decoder) << "a model without a picture decoder is shown by real frames alone";
  const Tensor drawn = data::read_image(strip), lower = data::read_image(own_ / "plain.png");
  EXPECT_GT(drawn.size(1), lower.size(1) + 112) << "one row more";
  EXPECT_GE(drawn.size(2), 5 * 112) << "the present, three blocks, the goal";
  PlanRequest moving = request("bare", video);
  moving.data = {*folder_ / "episodes.npz"};
  EXPECT_EQ(plan_once(moving).plan.actions, found.plan.actions) << "a film changes no plan";
  EXPECT_EQ(data::VideoReader(video).info().frame_count, 5);
  EXPECT_EQ(files(), 3);
}

TEST_F(Imagination, LeavesNothingWhereItCannotBeFilmed) {
  EXPECT_EQ(member(request("with frames", own_ / "film.gif")), "imagine");
  EXPECT_EQ(member(request("bare", own_ / "film.png")), "data") << "no frames anywhere";
  write_file(own_ / "film.png", "mine");
  EXPECT_THROW(plan_once(request("with frames", own_ / "film.png")), OutputExists);
  EXPECT_EQ(read_file(own_ / "film.png"), "mine");
  EXPECT_EQ(files(), 1);
}

TEST_F(Imagination, DrawsAFilmOfTheSizeThatItsMomentsGive) {
  Film film{.titles = {"title"}, .rows = {"one", "two"}, .moments = {}};
  const Tensor red = at::zeros({3, 8, 16}, at::kByte);
  film.moments = {{"a", {{red, "x"}, {}}}, {"b", {{}, {red, "y"}}, /*marked=*/true}};
  const Tensor strip = draw_film(film, 64);
  EXPECT_EQ(strip.size(2), 4 + 2 * 68);
  const Tensor moment = draw_moment(film, 1, 64);
  EXPECT_EQ(moment.sizes(), draw_moment(film, 0, 64).sizes());
  EXPECT_EQ(moment.size(1) % 2 + moment.size(2) % 2, 0) << "video wants even sides";
  film.moments[0].cells.pop_back();
  EXPECT_THROW(draw_film(film), Error);
}

TEST_F(Imagination, AreNotPutBesideOtherForms) {
  EXPECT_THROW(
      export_model(
          {.model = *folder_ / "bare", .format = "swm", .out = own_ / "swm", .bank = {*folder_ / "episodes.npz"}}),
      RequestError);
  EXPECT_EQ(files(), 0);
}

}  // namespace
}  // namespace foresee
