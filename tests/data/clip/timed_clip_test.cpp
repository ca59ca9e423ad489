// Claims: a clip at so many frames a second is that in time, whatever the rate of the video and however it varies.
#include <gtest/gtest.h>

#include <cmath>

#include "data/clip/clip.h"
#include "data/clip/frame_times.h"

namespace foresee::data {
namespace {

// 60 frames at 60 fps, then one a second.
FrameTimes screen_recording() {
  std::vector<double> starts;
  for (int64_t i = 0; i < 60; ++i) starts.push_back(static_cast<double>(i) / 60);
  for (int64_t i = 0; i < 8; ++i) starts.push_back(1.0 + static_cast<double>(i));
  return {starts, 9.0};
}

std::vector<int64_t> clip_of(const FrameTimes& times, const ClipConfig& config, uint64_t seed = 1) {
  RandomSequence random(Random(seed, Stream::kTest));
  return pick_clip(0, times.count(), times, /*video_fps=*/7.5, config, random);
}

TEST(FrameTimes, FindTheFrameOnShow) {
  const FrameTimes times = screen_recording();
  EXPECT_FALSE(times.even());
  EXPECT_EQ(times.frame_at(-1), 0);
  EXPECT_EQ(times.frame_at(0.5), 30);
  EXPECT_EQ(times.frame_at(1.99), 60);
  EXPECT_EQ(times.frame_at(2.0), 61);
  EXPECT_EQ(times.frame_at(100), 67);
  EXPECT_EQ(times.stop_s(67), 9.0);
  const FrameTimes even = FrameTimes::even(90, 30);
  for (int64_t i = 0; i < 90; ++i) ASSERT_EQ(even.frame_at(even.start_s(i)), i);
  std::vector<double> rounded;
  for (int64_t i = 0; i < 1000; ++i) rounded.push_back(std::round(static_cast<double>(i) / 30 * 1000) / 1000);
  EXPECT_TRUE(FrameTimes(rounded, 33.333).even()) << "times in whole milliseconds";
}

TEST(TimedClip, IsEvenInTimeWhereTheRateVaries) {
  const FrameTimes times = screen_recording();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto indices = clip_of(times, {.frames = 8, .fps = 2}, seed);
    double earliest = -1e9, latest = 1e9;  // of the start, from every frame
    for (size_t i = 0; i < indices.size(); ++i) {
      const double offset = static_cast<double>(i) / 2;
      earliest = std::max(earliest, times.start_s(indices[i]) - offset);
      latest = std::min(latest, times.stop_s(indices[i]) - offset);
    }
    EXPECT_LT(earliest, latest + 1e-5) << "one start explains all frames, seed " << seed;
  }
}

TEST(TimedClip, KeepsTheRateOfVideosThatItDoesNotDivide) {
  const FrameTimes times = FrameTimes::even(3000, 29.97);
  const auto indices = clip_of(times, {.frames = 64, .fps = 4});
  const double seconds = times.start_s(indices.back()) - times.start_s(indices.front());
  EXPECT_NEAR(seconds, 63.0 / 4, 0.04);
}

TEST(TimedClip, RepeatsTheLastFrameOfAShortVideo) {
  EXPECT_EQ(clip_of(FrameTimes::even(10, 10), {.frames = 6, .fps = 5}), (std::vector<int64_t>{0, 2, 4, 6, 8, 9}));
  EXPECT_EQ(clip_of(FrameTimes::even(1, 25), {.frames = 3, .fps = 4}), (std::vector<int64_t>{0, 0, 0}));
}

TEST(TimedClip, StaysInsideItsRange) {
  const FrameTimes times = FrameTimes::even(100, 10);
  RandomSequence random(Random(3, Stream::kTest));
  for (int i = 0; i < 50; ++i)
    for (const int64_t index : timed_clip(40, 60, times, {.frames = 4, .fps = 4}, random)) {
      ASSERT_GE(index, 40);
      ASSERT_LT(index, 60);
    }
}

TEST(TimedClip, CountsFramesWhereTheOfficialRuleIsAskedFor) {
  const FrameTimes times = FrameTimes::even(300, 30);
  RandomSequence a(Random(1, Stream::kTest)), b(Random(1, Stream::kTest));
  const ClipConfig config{.frames = 8, .fps = 4, .rate = ClipRate::kFrames};
  EXPECT_EQ(pick_clip(0, 300, times, 30, config, a), clip_indices(0, 300, 30, config, b));
}

TEST(TimedSegments, LieInEqualPartsOfTheTime) {
  const SegmentConfig config{.frames = 2, .segments = 3, .fps = 1, .sampling = ClipSampling::kTime};
  EXPECT_EQ(pick_segments(screen_recording(), 7.5, config),
            (std::vector<std::vector<int64_t>>{{0, 60}, {62, 63}, {65, 66}}));
  EXPECT_EQ(pick_segments(FrameTimes::even(10, 10), 10, config),
            (std::vector<std::vector<int64_t>>{{0, 9}, {0, 9}, {0, 9}}));
}

TEST(TimedSegments, CountFramesWhereAStepOfFramesIsAskedFor) {
  const SegmentConfig config{.frames = 4, .frame_step = 2, .sampling = ClipSampling::kTime};
  EXPECT_EQ(pick_segments(FrameTimes::even(50, 25), 25, config),
            segment_indices(50, 25, {.frames = 4, .frame_step = 2}));
}

}  // namespace
}  // namespace foresee::data
