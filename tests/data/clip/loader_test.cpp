// Claims: a batch is a function of the seed and the step; workers, cache, order of requests and earlier failures do not
// change a bit of it; held-out frames are never loaded; broken clips are replaced, counted and named.
#include "data/clip/loader.h"

#include <gtest/gtest.h>

#include <set>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

// Three videos of different length, rate and coding.
class VideoLoaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    write_numbered(folder_.path(), {.name = "a.mp4", .options = {.gop = 30}, .frames = 60});
    write_numbered(
        folder_.path(),
        {.name = "b.mkv", .options = {.fps_numerator = 10, .gop = 10}, .frames = 40, .height = 60, .width = 44});
    write_numbered(folder_.path(), {.name = "c.avi", .options = {.codec = "mpeg4"}, .frames = 25});
    set_ = open_videos({folder_.path()});
    split_ = hold_out(set_);
  }

  VideoLoaderConfig config() const {
    VideoLoaderConfig config;
    config.batch = 4;
    config.size = 32;
    config.clip = {.frames = 4, .fps = 5};
    config.cache_mb = 0;
    return config;
  }

  std::vector<VideoBatch> batches(const VideoLoaderConfig& config, const std::vector<int64_t>& steps,
                                  uint64_t seed = 5) const {
    VideoLoader loader(set_, split_.train, config, {}, seed);
    std::vector<VideoBatch> out;
    for (const int64_t step : steps) out.push_back(loader.batch(step));
    return out;
  }

  TemporaryFolder folder_;
  VideoSet set_;
  VideoSplit split_;
};

void expect_same(const VideoBatch& a, const VideoBatch& b) {
  EXPECT_TRUE(a.frames.equal(b.frames));
  ASSERT_EQ(a.clips.size(), b.clips.size());
  for (size_t i = 0; i < a.clips.size(); ++i) {
    EXPECT_EQ(a.clips[i].video, b.clips[i].video);
    EXPECT_EQ(a.clips[i].indices, b.clips[i].indices);
  }
}

TEST_F(VideoLoaderTest, MakesContiguousNormalisedBatches) {
  const VideoBatch batch = batches(config(), {0})[0];
  EXPECT_EQ(batch.frames.sizes(), at::IntArrayRef({4, 3, 4, 32, 32}));
  EXPECT_EQ(batch.frames.scalar_type(), at::kFloat);
  EXPECT_TRUE(batch.frames.is_contiguous());
  EXPECT_TRUE(batch.frames.isfinite().all().item<bool>());
  EXPECT_LT(batch.frames.abs().max().item<float>(), 2.7f) << "(1 - 0.406) / 0.225 is the largest there is";
}

TEST_F(VideoLoaderTest, DependsOnTheSeedNotOnTheWorkers) {
  VideoLoaderConfig three = config();
  three.workers = 3;
  three.ahead = 5;
  const auto one_worker = batches(config(), {0, 1, 2, 3, 4}), three_workers = batches(three, {0, 1, 2, 3, 4});
  for (size_t i = 0; i < 5; ++i) expect_same(one_worker[i], three_workers[i]);
  EXPECT_FALSE(one_worker[0].frames.equal(batches(config(), {0}, /*seed=*/6)[0].frames));
  EXPECT_FALSE(one_worker[0].frames.equal(one_worker[1].frames));
}

TEST_F(VideoLoaderTest, GivesTheSameBatchFromAnyStart) {
  VideoLoaderConfig two = config();
  two.workers = 2;
  const auto in_order = batches(two, {0, 1, 2, 3, 4, 5, 6});
  const auto jumping = batches(two, {5, 2, 3, 6, 0, 0});
  const std::vector<size_t> steps{5, 2, 3, 6, 0, 0};
  for (size_t i = 0; i < steps.size(); ++i) expect_same(jumping[i], in_order[steps[i]]);
}

TEST_F(VideoLoaderTest, GivesTheSameBatchOutOfTheCache) {
  VideoLoaderConfig plain = config(), cached = config();
  plain.short_side = cached.short_side = 36;
  cached.cache_mb = 64;
  const VideoLoader loader(set_, split_.train, cached, {}, 5);
  EXPECT_TRUE(loader.cached());
  const auto a = batches(plain, {0, 1, 2}), b = batches(cached, {0, 1, 2});
  for (size_t i = 0; i < 3; ++i) expect_same(a[i], b[i]);
}

TEST_F(VideoLoaderTest, LeavesTheCacheOutWhenVideosDoNotFit) {
  VideoLoaderConfig small = config();
  small.cache_mb = 1;  // 60 + 40 + 25 pictures need more
  EXPECT_FALSE(VideoLoader(set_, split_.train, small, {}, 5).cached());
}

TEST_F(VideoLoaderTest, TakesEveryRangeOnceAPass) {
  VideoLoaderConfig one = config();
  one.batch = 3;
  for (const VideoBatch& batch : batches(one, {0, 1, 2, 3})) {
    std::set<int64_t> videos;
    for (const ClipSource& clip : batch.clips) videos.insert(clip.video);
    EXPECT_EQ(videos.size(), 3u);
  }
}

TEST_F(VideoLoaderTest, NeverLoadsHeldOutFrames) {
  std::set<std::pair<int64_t, int64_t>> held_out;
  for (const FrameRange& range : split_.held_out)
    for (int64_t i = range.begin; i < range.end; ++i) held_out.emplace(range.video, i);
  ASSERT_FALSE(held_out.empty());
  VideoLoaderConfig dense = config();
  dense.clip.fps = 25;
  for (const VideoBatch& batch : batches(dense, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))
    for (const ClipSource& clip : batch.clips)
      for (const int64_t index : clip.indices) ASSERT_FALSE(held_out.contains({clip.video, index}));
}

TEST_F(VideoLoaderTest, ShowsTheFramesThatItNames) {
  VideoLoaderConfig whole = config();
  whole.crop = {.scale = {1, 1}, .aspect = {0.01, 100}, .flip = 0};
  whole.crop.aspect = {80.0 / 48, 80.0 / 48};
  whole.size = 80;
  VideoLoader loader(set_, {{0, 0, 60}}, whole, {.mean = {0, 0, 0}, .std = {1, 1, 1}}, 9);
  for (const int64_t step : {0, 1, 2}) {
    const VideoBatch batch = loader.batch(step);
    for (int64_t b = 0; b < 4; ++b)
      for (int64_t t = 0; t < 4; ++t)
        EXPECT_EQ(number_of(batch.frames[b].select(1, t).mul(255)),
                  batch.clips[static_cast<size_t>(b)].indices[static_cast<size_t>(t)]);
  }
}

TEST_F(VideoLoaderTest, OfEvaluationMovesOnlyInTime) {
  VideoLoaderConfig evaluation = config();
  evaluation.augment = false;
  VideoLoader loader(set_, split_.held_out, evaluation, {}, 3);
  const VideoBatch batch = loader.batch(0);
  VideoReader reader(set_.files[static_cast<size_t>(batch.clips[1].video)].path);
  EXPECT_TRUE(batch.frames[1].equal(evaluation_clip(reader.frames(batch.clips[1].indices), 32, 36, {})));
}

TEST_F(VideoLoaderTest, ReplacesCountsAndNamesBrokenClips) {
  // The coded pictures of a.mp4 behind its first third turn to noise after the set was made.
  std::string bytes = read_file(folder_ / "a.mp4");
  const size_t data = bytes.find("mdat") + 4, end = bytes.find("moov") - 4;
  for (size_t i = data + (end - data) / 3; i < end; ++i) bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  write_file(folder_ / "a.mp4", bytes);
  VideoLoaderConfig two = config();
  two.workers = 2;
  const LogCapture lines;
  VideoLoader loader(set_, split_.train, two, {}, 5);
  std::vector<VideoBatch> first;
  for (const int64_t step : {0, 1, 2, 3, 4, 5}) first.push_back(loader.batch(step));
  const std::string log = lines.text();
  EXPECT_GT(loader.replaced_clips(), 0);
  EXPECT_TRUE(says(log, "a.mp4: frame"));
  EXPECT_EQ(log.find("a.mp4: frame", log.find("a.mp4: frame") + 1), std::string::npos) << "named once: " << log;

  VideoLoaderConfig cached = config();
  cached.cache_mb = 64;
  const auto again = batches(config(), {0, 1, 2, 3, 4, 5}), from_cache = batches(cached, {0, 1, 2, 3, 4, 5});
  for (size_t i = 0; i < 6; ++i) {
    expect_same(first[i], again[i]);
    expect_same(first[i], from_cache[i]);
  }
}

TEST_F(VideoLoaderTest, GivesUpWithOneLineWhenNothingCanBeRead) {
  VideoLoader loader(set_, split_.train, config(), {}, 5);
  for (const VideoFile& file : set_.files) fs::remove(file.path);
  const std::string message = refusal_of<DataError>([&] { loader.batch(0); });
  EXPECT_TRUE(says(message, "clips in a row cannot be decoded"));
  EXPECT_TRUE(says(message, "no such file"));
}

TEST_F(VideoLoaderTest, StopsInTheMiddleOfItsWork) {
  VideoLoaderConfig busy = config();
  busy.workers = 3;
  busy.ahead = 20;
  for (int i = 0; i < 5; ++i) {
    VideoLoader loader(set_, split_.train, busy, {}, 5);
    loader.start(i);
    if (i % 2 == 0) loader.batch(i);
  }
}

TEST_F(VideoLoaderTest, RefusesRangesOutsideTheVideos) {
  EXPECT_TRUE(says(refusal_of<Error>([&] { VideoLoader(set_, {}, config(), {}, 0); }), "at least one range"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { VideoLoader(set_, {{0, 0, 61}}, config(), {}, 0); }), "inside [0, 60)"));
}

TEST(VideoLoaderConfigTest, ReadsNestedKeysStrictly) {
  const auto read = parse_config<VideoLoaderConfig>({{"batch", 3}, {"clip", {{"frames", 8}}}}, "loader");
  EXPECT_EQ(read.batch, 3);
  EXPECT_EQ(read.clip.frames, 8);
  EXPECT_TRUE(says(refusal_of<ConfigError>([] { parse_config<VideoLoaderConfig>({{"bach", 3}}, "loader"); }), "batch"));
}

// Opening the set scans each file once; neither threads nor frames in memory scan again.
TEST_F(VideoLoaderTest, ScansEachFileOnce) {
  for (const VideoFile& file : set_.files) make_old(file.path);
  set_ = open_videos({folder_.path()});
  ASSERT_EQ(set_.indexes->made(), 3);
  for (const int64_t cache_mb : {0, 64}) {
    VideoLoaderConfig wanted = config();
    wanted.workers = 3;
    wanted.cache_mb = cache_mb;
    batches(wanted, {0, 1, 2, 3});
  }
  EXPECT_EQ(set_.indexes->made(), 3);
}

}  // namespace
}  // namespace foresee::data
