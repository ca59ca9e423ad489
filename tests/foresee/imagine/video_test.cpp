// Claims: an evaluation films its first trials, failures first, beside what the planner imagined; the same trials are
// played; the film strips keep what they showed; where imagined and real part is told; what cannot be filmed is
// refused.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/episode/dataset.h"
#include "data/picture/image.h"
#include "data/video/reader.h"
#include "foresee/evaluate.h"
#include "foresee/evaluate/evaluation_json.h"
#include "foresee/imagine/frame_bank.h"
#include "jepa/core/api/request_error.h"
#include "jepa/core/torch.h"
#include "planner/env/collect.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

class TrialVideo : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::copy("tools/assets/two_room", folder_ / "model");
    const auto model = load_world_model(folder_ / "model");
    const data::EpisodeDataset episodes(planner::generate_episodes({.max_steps = 30, .size = 64, .seed = 3}, 4));
    write_frame_bank(folder_ / "model", collect_frames(*model, episodes));
  }
  EvaluateRequest request(const fs::path& video) const {
    EvaluateRequest request{.model = folder_ / "model",
                            .env = "two_room",
                            .protocol = "far",
                            .methods = std::vector<std::string>{"planner"},
                            .episodes = 3,
                            .strips = 2,
                            .video = video};
    request.options.device = Device::kCpu;
    request.options.seed = 7;
    request.options.settings.set = {"planner.samples=8", "planner.elites=4", "planner.iterations=1", "budget=22",
                                    "planner.receding=2"};
    return request;
  }
  static std::string member(const EvaluateRequest& request) {
    return refused_member([&] { evaluate(request); });
  }

  const TemporaryFolder folder_;
};

TEST_F(TrialVideo, ShowsWhatHappenedBesideWhatWasImagined) {
  EvaluateRequest filmed = request(folder_ / "film.mp4");
  filmed.out = folder_ / "filmed";
  const LogCapture lines;
  const EvaluateResult result = evaluate(filmed);
  EXPECT_EQ(lines.text().find("went otherwise"), std::string::npos) << "the trials are the same when played again";
  ASSERT_TRUE(result.video);
  ASSERT_EQ(result.video->trials.size(), 3u);
  EXPECT_GT(result.video->threshold, 0);
  int64_t moments = 0;
  bool reached = false;
  for (const auto& trial : result.video->trials) {
    const auto& row = result.evaluations.front().methods.front().trials.at(static_cast<size_t>(trial.start));
    EXPECT_EQ(trial.success, row.success);
    EXPECT_FALSE(reached && !trial.success) << "failures come first";
    reached = reached || trial.success;
    EXPECT_EQ(trial.parted.value_or(0) % 5, 0) << "the end of a block";
    moments += 2 + row.steps / 5 + (row.steps % 5 != 0 ? 1 : 0);  // start and goal, blocks, the end
  }
  EXPECT_EQ(data::VideoReader(folder_ / "film.mp4").info().frame_count, moments);
  const auto json = evaluation_json(filmed, result).at("video");
  EXPECT_EQ(json.at("trials").size(), 3u);

  EvaluateRequest plain = request({});
  plain.video.reset();
  plain.out = folder_ / "plain";
  const EvaluateResult before = evaluate(plain);
  const fs::path strip = before.evaluations.front().files.at(1).filename();
  const Tensor old = data::read_image(folder_ / "plain" / "strips" / strip);
  const Tensor now = data::read_image(folder_ / "filmed" / "strips" / strip);
  EXPECT_GT(now.size(1), old.size(1));
  EXPECT_TRUE(at::equal(now.narrow(1, 0, old.size(1)).narrow(2, 0, old.size(2)), old)) << "what was shown stays";
}

TEST_F(TrialVideo, IsRefusedWhereNothingIsImagined) {
  EvaluateRequest none = request(folder_ / "film.mp4");
  none.methods = {"random"};
  EXPECT_EQ(member(none), "video");
  EvaluateRequest sweep = request(folder_ / "film.mp4");
  sweep.vary = {.key = "two_room.agent_speed", .values = {"1", "8"}};
  EXPECT_EQ(member(sweep), "video");
  EXPECT_EQ(member(request(folder_ / "film.gif")), "video");
  EvaluateRequest quality = request(folder_ / "film.mp4");
  quality = {.model = quality.model, .protocol = "quality", .data = {"x"}, .video = quality.video};
  EXPECT_EQ(member(quality), "video");
  EvaluateRequest bare = request(folder_ / "film.mp4");
  fs::remove(bare.model / kFrameBankFile);
  EXPECT_EQ(member(bare), "data");
  EXPECT_FALSE(fs::exists(folder_ / "film.mp4"));
}

}  // namespace
}  // namespace foresee
