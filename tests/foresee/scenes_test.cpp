// Claims: make_scenes() writes clips that show what labels.csv says and prints nothing; the same request gives the same
// labels; a stop leaves nothing behind; what is out of range is named.
#include "foresee/scenes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "data/clip/video_set.h"
#include "data/video/reader.h"
#include "data/video/scene/render.h"
#include "jepa/core/api/request_error.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "tests/support/refusal.h"
#include "tests/support/silence.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

struct ScenesJob : testing::Test {
  ScenesRequest request(const std::string& name) const {
    return {.out = folder / name, .clips = 3, .frames = 6, .size = 32, .options = {.seed = 4, .threads = 1}};
  }
  TemporaryFolder folder;
};

TEST_F(ScenesJob, WritesClipsAndWhatTheyShow) {
  ScenesResult result;
  {
    const Silence silence;
    result = make_scenes(request("scenes"));
  }
  EXPECT_EQ(result.clips, 3);
  const std::string labels = read_file(result.labels);
  EXPECT_TRUE(labels.starts_with("clip,direction,speed,count,colour,bounce,occlusion\nscene-000000.mp4,")) << labels;
  EXPECT_EQ(std::count(labels.begin(), labels.end(), '\n'), 4);
  const data::VideoSet videos = data::open_videos({folder / "scenes"});
  ASSERT_EQ(videos.files.size(), 3u) << "labels.csv is no video";
  for (int64_t i = 0; i < 3; ++i) {
    data::VideoReader reader(videos.files[static_cast<size_t>(i)].path);
    const std::vector<int64_t> all{0, 1, 2, 3, 4, 5};
    const Tensor shown = reader.frames(all).to(at::kFloat);
    const Tensor drawn =
        data::render_scene(data::draw_factors(4, i), 4, i, {.frames = 6, .height = 32, .width = 32}).to(at::kFloat);
    EXPECT_LT((shown - drawn).abs().mean().item<double>(), 8) << i << ": but for compression";
  }
  make_scenes(request("again"));
  EXPECT_EQ(read_file(folder / "again" / "labels.csv"), labels);
  EXPECT_THROW(make_scenes(request("again")), OutputExists);
}

TEST_F(ScenesJob, AStopLeavesNothing) {
  StopAfter stop(1);
  EXPECT_TRUE(make_scenes(request("cut"), stop.control()).stopped);
  EXPECT_EQ(count_entries(folder.path()), 0);
}

TEST_F(ScenesJob, NamesWhatIsOutOfRange) {
  const auto refused = [&](auto&& change) {
    ScenesRequest wrong = request("never");
    change(wrong);
    return refused_member([&] { make_scenes(wrong); });
  };
  EXPECT_EQ(refused([](auto& r) { r.out.clear(); }), "out");
  EXPECT_EQ(refused([](auto& r) { r.clips = 0; }), "clips");
  EXPECT_EQ(refused([](auto& r) { r.frames = 1; }), "frames");
  EXPECT_EQ(refused([](auto& r) { r.size = 33; }), "size");
  EXPECT_EQ(refused([](auto& r) { r.fps = 0; }), "fps");
  EXPECT_FALSE(std::filesystem::exists(folder / "never"));
}

}  // namespace
}  // namespace foresee
