// Claims: every orientation of a display matrix is applied as FFmpeg applies it; light of high dynamic range keeps its
// order and its greys; the two colour conversions differ by a level, and only there.
#include <gtest/gtest.h>

#include <array>

#include "data/video/frame/orientation.h"
#include "data/video/frame/tone_map.h"
#include "data/video/reader.h"
#include "tests/data/video/numbered_video.h"
#include "tests/support/temporary_folder.h"

namespace foresee::data {
namespace {

TEST(Orientation, PutsEveryPixelWhereTheMatrixPutsIt) {
  constexpr int64_t kHeight = 2, kWidth = 3;
  const std::array<uint8_t, 8> stored{1, 2, 3, 0, 4, 5, 6, 0};  // rows of 3, padded to 4
  for (const auto& [a, b, c, d] : std::vector<std::array<int, 4>>{{1, 0, 0, 1},
                                                                  {-1, 0, 0, 1},
                                                                  {1, 0, 0, -1},
                                                                  {-1, 0, 0, -1},
                                                                  {0, 1, 1, 0},
                                                                  {0, 1, -1, 0},
                                                                  {0, -1, 1, 0},
                                                                  {0, -1, -1, 0}}) {
    const std::array<int32_t, 9> matrix{a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30};
    const Orientation orientation = orientation_of(matrix);
    std::array<uint8_t, 6> upright{};
    copy_upright(stored.data(), 4, kHeight, kWidth, orientation, upright.data());
    const int64_t width = orientation.sideways() ? kHeight : kWidth, height = orientation.sideways() ? kWidth : kHeight;
    for (int64_t y = 0; y < kHeight; ++y)
      for (int64_t x = 0; x < kWidth; ++x) {
        const int64_t to_x = a * x + c * y + (a + c < 0 ? width - 1 : 0);
        const int64_t to_y = b * x + d * y + (b + d < 0 ? height - 1 : 0);
        EXPECT_EQ(upright[static_cast<size_t>(to_y * width + to_x)], stored[static_cast<size_t>(y * 4 + x)])
            << a << b << c << d;
      }
  }
}

TEST(ToneMap, KeepsGreyGreyAndItsOrder) {
  for (const auto transfer : {AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67}) {
    const ToneMap map(transfer, /*wide=*/true);
    uint8_t last = 0;
    for (int coded = 0; coded < 65536; coded += 257) {
      const auto value = static_cast<uint16_t>(coded);
      uint8_t r = 0, g = 0, b = 0;
      map.apply(1, &value, &value, &value, &r, &g, &b);
      EXPECT_NEAR(r, g, 1);
      EXPECT_NEAR(b, g, 1);
      EXPECT_GE(g, last);
      last = g;
    }
    EXPECT_EQ(last, 255);
  }
}

TEST(ToneMap, LeavesLightBelowTheKneeAsItIs) {
  const ToneMap map(AVCOL_TRC_SMPTE2084, /*wide=*/false);
  // 50 cd/m2 is coded as 0.4403 in PQ; on a screen whose white is 203 cd/m2: 255 * (50 / 203)^(1 / 2.4).
  const auto coded = static_cast<uint16_t>(0.4403 * 65535);
  uint8_t r = 0, g = 0, b = 0;
  map.apply(1, &coded, &coded, &coded, &r, &g, &b);
  EXPECT_NEAR(g, 142, 2);
}

TEST(ColourConversion, OfSwscaleDiffersByALevelOrTwo) {
  const TemporaryFolder folder;
  const auto path = write_numbered(folder.path(), {.name = "v.mp4", .frames = 5, .height = 64, .width = 96});
  const Tensor exact = VideoReader(path).frames(first_numbers(5)).to(at::kInt);
  const Tensor fast = VideoReader(path, {.colours = ColourConversion::kSwscale}).frames(first_numbers(5)).to(at::kInt);
  const Tensor difference = exact - fast;
  EXPECT_LE(difference.abs().median().item<int>(), 2);
  EXPECT_GT(difference.to(at::kFloat).mean().item<float>(), 0.05f);
  EXPECT_LT(difference.to(at::kFloat).mean().item<float>(), 2.0f);
}

}  // namespace
}  // namespace foresee::data
