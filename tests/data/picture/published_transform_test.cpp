// Claims: published transforms give what the published code gave, from any size, and each differs where it should.
#include "data/picture/published_transform.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::data {
namespace {

Tensor picture(int64_t height, int64_t width) {
  const Tensor rows = at::arange(height, at::kFloat).unsqueeze(1), columns = at::arange(width, at::kFloat);
  const Tensor waves = at::sin(rows * 0.7) * at::cos(columns * 0.45) * 100 + 128;
  return at::stack({waves, waves.flip(0), waves.flip(1)}).round().to(at::kByte).unsqueeze(0).contiguous();
}

TEST(PublishedClip, HuggingFaceTruncatesAnOddMarginAndOfficialRoundsItToEven) {
  // 37 x 66 to a crop of 20: the long side becomes 39, its margin 9.5.
  const Tensor frames = picture(37, 66);
  const Normalisation plain{.mean = {0, 0, 0}, .std = {1, 1, 1}};
  const Tensor resized = at::_upsample_bilinear2d_aa(frames, {22, 39}, false).to(at::kFloat).div(255).transpose(0, 1);
  const auto centre = [&](int64_t left) { return resized.narrow(2, 1, 20).narrow(3, left, 20); };
  EXPECT_TRUE(at::allclose(published_clip(frames, 20, PublishedTransform::kHuggingFace, plain), centre(9), 0, 1e-6));
  const Tensor official = published_clip(frames, 20, PublishedTransform::kOfficialTensor, plain);
  EXPECT_TRUE(at::allclose(official, centre(10), 0, 1.01 / 255));
  EXPECT_FALSE(at::allclose(official, centre(9), 0, 1.01 / 255));
}

TEST(PublishedClip, OfficialAliasesWhereTheOthersDoNot) {
  const Tensor frames = ((at::arange(96).unsqueeze(0) + at::arange(96).unsqueeze(1)) % 2 * 255)
                            .to(at::kByte)
                            .expand({1, 3, 96, 96})
                            .contiguous();  // a chess board of single pixels
  const auto spread = [&](PublishedTransform transform) {
    return published_clip(frames, 28, transform).std().item<double>();
  };
  EXPECT_GT(spread(PublishedTransform::kOfficial), 4 * spread(PublishedTransform::kOfficialTensor));
  EXPECT_GT(spread(PublishedTransform::kOfficial), 4 * spread(PublishedTransform::kHuggingFace));
}

TEST(PublishedClip, LeavesTheRightShortSideAsItIs) {
  const Tensor frames = picture(36, 36);
  for (const auto& [transform, name] : kPublishedTransformNames)
    EXPECT_TRUE(at::allclose(published_clip(frames, 32, transform, {.mean = {0, 0, 0}, .std = {1, 1, 1}}),
                             frames.narrow(2, 2, 32).narrow(3, 2, 32).to(at::kFloat).div(255).transpose(0, 1), 0, 1e-6))
        << name;
}

TEST(PublishedClip, RefusesWhatIsNoClip) {
  EXPECT_THROW(published_clip(at::zeros({2, 3, 8, 8}), 32, PublishedTransform::kOfficial), Error);
  EXPECT_THROW(published_clip(at::zeros({3, 8, 8}, at::kByte), 32, PublishedTransform::kOfficial), Error);
}

}  // namespace
}  // namespace foresee::data
