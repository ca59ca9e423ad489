// Claims: clips hold the frames that V-JEPA 2's VideoDataset takes; held-out frames never come near training.
#include "data/clip/clip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

RandomSequence draws(uint64_t seed) { return RandomSequence(Random(seed, Stream::kTest)); }

std::vector<int64_t> clip(int64_t length, double fps, const ClipConfig& config, uint64_t seed = 0) {
  RandomSequence random = draws(seed);
  return clip_indices(0, length, fps, config, random);
}

TEST(ClipIndices, AreNumpysLinspaceTruncated) {
  // numpy: np.clip(np.linspace(0, 112, 16), 0, 111).astype(np.int64), for 30 fps, 16 frames at 4 fps (step 7), moved by
  // the drawn start.
  const std::vector<int64_t> expected{0, 7, 14, 22, 29, 37, 44, 52, 59, 67, 74, 82, 89, 97, 104, 111};
  auto indices = clip(300, 29.97, {.frames = 16, .fps = 4});
  const int64_t start = indices.front();
  for (int64_t& index : indices) index -= start;
  EXPECT_EQ(indices, expected);
}

TEST(ClipIndices, OfAShortVideoRepeatItsLastFrame) {
  // numpy: np.clip(np.concatenate((np.linspace(0, 24, 24 // 7), np.ones(16 - 24 // 7) * 24)), 0, 23).astype(np.int64)
  EXPECT_EQ(clip(24, 30, {.frames = 16, .fps = 4}),
            (std::vector<int64_t>{0, 12, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23, 23}));
  EXPECT_EQ(clip(3, 30, {.frames = 4, .fps = 4}), (std::vector<int64_t>{2, 2, 2, 2}));
  EXPECT_EQ(clip(1, 30, {.frames = 2, .fps = 30}), (std::vector<int64_t>{0, 0}));
}

TEST(ClipIndices, OfExactlyTheSpanUseAllOfIt) {
  EXPECT_EQ(clip(8, 8, {.frames = 4, .fps = 4}), (std::vector<int64_t>{0, 2, 5, 7}));
}

TEST(ClipIndices, ReachEveryStartAndStayInsideTheirRange) {
  std::set<int64_t> starts;
  RandomSequence random = draws(1);
  for (int i = 0; i < 2000; ++i) {
    const auto indices = clip_indices(100, 130, 8, {.frames = 8, .fps = 4}, random);
    starts.insert(indices.front());
    ASSERT_EQ(indices.size(), 8u);
    ASSERT_GE(indices.front(), 100);
    ASSERT_LT(indices.back(), 130);
    ASSERT_TRUE(std::is_sorted(indices.begin(), indices.end()));
  }
  // Starts are uniform on [0, length - span) = 14 places, as numpy's randint(span, length) is for the end.
  EXPECT_EQ(starts.size(), 14u);
  EXPECT_EQ(*starts.begin(), 100);
}

TEST(ClipSpan, RoundsTheVideosRateUpAndTheStepDown) {
  EXPECT_EQ(clip_span(29.97, {.frames = 16, .fps = 4}), 16 * 7);
  EXPECT_EQ(clip_span(25, {.frames = 16, .fps = 4}), 16 * 6);
  EXPECT_EQ(clip_span(30.0003, {.frames = 1, .fps = 4}), 7) << "30 fps in whole milliseconds";
  EXPECT_EQ(clip_span(24, {.frames = 1, .fps = 60}), 1) << "slower than asked for: every frame";
}

TEST(SegmentIndices, AreTheFrozenEvaluations) {
  // V-JEPA 2's VideoDataset, num_clips 2, 16 frames a step of 4 apart, without random windows, worked out in Python.
  const SegmentConfig two{.frames = 16, .segments = 2, .frame_step = 4};
  EXPECT_EQ(segment_indices(300, 30, two),
            (std::vector<std::vector<int64_t>>{
                {0, 4, 8, 12, 17, 21, 25, 29, 34, 38, 42, 46, 51, 55, 59, 63},
                {150, 154, 158, 162, 167, 171, 175, 179, 184, 188, 192, 196, 201, 205, 209, 213}}));
  EXPECT_EQ(segment_indices(100, 30, two),
            (std::vector<std::vector<int64_t>>{{0, 4, 9, 13, 18, 22, 27, 31, 36, 40, 45, 49, 54, 58, 62, 62},
                                               {36, 40, 45, 49, 54, 58, 63, 67, 72, 76, 81, 85, 90, 94, 98, 98}}));
  EXPECT_EQ(segment_indices(7, 30, {.frames = 4, .frame_step = 2}), (std::vector<std::vector<int64_t>>{{0, 3, 5, 5}}));
}

TEST(SegmentIndices, StayInsideAnyVideo) {
  for (const ClipSampling sampling : {ClipSampling::kSegments, ClipSampling::kStride})
    for (const int64_t length : {1, 2, 3, 15, 16, 17, 63, 64, 65, 500})
      for (const int64_t frames : {1, 2, 16, 64})
        for (const auto& clip :
             segment_indices(length, 29.97, {.frames = frames, .segments = 3, .fps = 4, .sampling = sampling})) {
          ASSERT_EQ(static_cast<int64_t>(clip.size()), frames);
          EXPECT_GE(clip.front(), 0);
          EXPECT_LT(clip.back(), length);
          EXPECT_TRUE(std::is_sorted(clip.begin(), clip.end()));
        }
}

TEST(SegmentIndices, ByStrideAreExactlyAStepApart) {
  EXPECT_EQ(segment_indices(12, 30, {.frames = 4, .frame_step = 3, .sampling = ClipSampling::kStride}),
            (std::vector<std::vector<int64_t>>{{0, 3, 6, 9}}));
  EXPECT_EQ(segment_indices(8, 30, {.frames = 4, .frame_step = 3, .sampling = ClipSampling::kStride}),
            (std::vector<std::vector<int64_t>>{{0, 3, 6, 7}}));
}

}  // namespace
}  // namespace foresee::data
