// Claims: clips hold the frames that V-JEPA 2's VideoDataset takes; held-out frames never come near training.
#include "data/clip.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace foresee::data
