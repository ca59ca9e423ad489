// Claims: one function makes the input of every model as its spec says: whatever a processor of transformers asks for,
// and the same numbers that training and planning of the other families see.
#include "data/picture/clip_input.h"

#include <gtest/gtest.h>

#include "data/picture/fit.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/picture/center_square.h"
#include "jepa/core/torch.h"
#include "tests/support/refusal.h"

namespace foresee::data {
namespace {

Tensor waves(int64_t height, int64_t width) {
  const Tensor rows = at::arange(height, at::kFloat).unsqueeze(1), columns = at::arange(width, at::kFloat);
  const Tensor one = at::sin(rows * 0.7) * at::cos(columns * 0.45) * 100 + 128;
  return at::stack({one, one.flip(0), one.flip(1)}).round().to(at::kByte).unsqueeze(0).contiguous();
}

/// Plain bytes through transformers' steps.
PictureSpec bytes_of(int64_t size) {
  PictureSpec spec{.size = size, .mean = {0, 0, 0}, .std = {1, 1, 1}, .scale = 1};
  return with_transform(spec, PictureTransform::kHuggingFace);
}

Tensor as_clip(const Tensor& pixels) { return pixels.to(at::kFloat).transpose(0, 1); }

TEST(ClipInput, ScalesAndNormalisesAsTheSpecSays) {
  const Tensor frames = waves(36, 36);
  PictureSpec spec = bytes_of(32);
  const Tensor plain = clip_input(frames, spec);
  EXPECT_TRUE(at::equal(plain, as_clip(frames.narrow(2, 2, 32).narrow(3, 2, 32))));
  spec.scale = 1.0 / 255;
  EXPECT_TRUE(at::allclose(clip_input(frames, spec), plain / 255, 0, 1e-6));
  spec.mean = {0.5, 0.25, 0};
  spec.std = {0.5, 2, 1};
  const Tensor mean = at::tensor({0.5f, 0.25f, 0.f}).view({3, 1, 1, 1}),
               std = at::tensor({0.5f, 2.f, 1.f}).view({3, 1, 1, 1});
  EXPECT_TRUE(at::allclose(clip_input(frames, spec), (plain / 255 - mean) / std, 0, 1e-5));
  const PictureSpec tensor = with_transform(spec, PictureTransform::kOfficialTensor);
  EXPECT_TRUE(at::allclose(clip_input(frames, tensor), (plain / 255 - mean) / std, 0, 1e-5));
}

TEST(ClipInput, ResizesAndCutsAsProcessorsDo) {
  const Tensor frames = waves(40, 60);
  PictureSpec spec = bytes_of(32);
  spec.interpolation = Interpolation::kBicubic;
  EXPECT_TRUE(
      at::equal(clip_input(frames, spec),
                as_clip(at::_upsample_bicubic2d_aa(frames, {36, 54}, false).narrow(2, 2, 32).narrow(3, 11, 32))));
  spec.interpolation = Interpolation::kNearest;
  EXPECT_TRUE(at::equal(clip_input(frames, spec),
                        as_clip(at::_upsample_nearest_exact2d(frames, {36, 54}).narrow(2, 2, 32).narrow(3, 11, 32))));
  spec = bytes_of(32);
  spec.picture = PictureShape::kResize;
  spec.resized = {40, 48};
  EXPECT_TRUE(
      at::equal(clip_input(frames, spec),
                as_clip(at::_upsample_bilinear2d_aa(frames, {40, 48}, false).narrow(2, 4, 32).narrow(3, 8, 32))));
  spec.picture = PictureShape::kCenter;
  spec.resized = {};
  EXPECT_TRUE(at::equal(clip_input(frames, spec), as_clip(frames.narrow(2, 4, 32).narrow(3, 14, 32))));
  const Tensor small = waves(21, 50), padded = clip_input(small, spec);
  EXPECT_EQ(padded.narrow(2, 0, 5).abs().max().item<float>(), 0) << "black above";
  EXPECT_EQ(padded.narrow(2, 26, 6).abs().max().item<float>(), 0) << "and below";
  EXPECT_TRUE(at::equal(padded.narrow(2, 5, 21), as_clip(small.narrow(3, 9, 32))));
}

TEST(ClipInput, RefusesPicturesThatNothingMaySqueeze) {
  PictureSpec spec = bytes_of(32);
  spec.picture = PictureShape::kNone;
  spec.resized = {};
  const Tensor whole = waves(32, 32);
  EXPECT_TRUE(at::equal(clip_input(whole, spec), as_clip(whole)));
  EXPECT_TRUE(says(refusal_of<DataError>([&] { clip_input(waves(36, 36), spec); }), "36 x 36"));
}

TEST(ClipInput, IsThatOfTheOtherFamilies) {
  const Tensor frames = waves(40, 60);
  const PictureSpec action = with_transform({.size = 24}, PictureTransform::kCenterSquare);
  EXPECT_TRUE(at::equal(clip_input(frames, action), frame_input(frames, action, 24, 24).transpose(0, 1)));
  PictureSpec cropped = with_transform({.size = 24}, PictureTransform::kFit);
  cropped.picture = PictureShape::kCrop;
  const Tensor fitted = fit_picture(frames[0], *fit_of(cropped));
  EXPECT_TRUE(at::equal(clip_input(frames, cropped), cropped.normalise(fitted.unsqueeze(0)).transpose(0, 1)));
  EXPECT_FALSE(fit_of(action).has_value()) << "its own encode cuts and resizes";
  EXPECT_THROW(fit_of(bytes_of(32)), Error);
}

TEST(PictureSpec, ComesBackFromItsJson) {
  PictureSpec spec = bytes_of(48);
  spec.frames = 8;
  spec.frame_step = 3;
  spec.picture_frames = 8;
  spec.interpolation = Interpolation::kBicubic;
  const auto json = config_json(spec);
  EXPECT_EQ(config_json(parse_config<PictureSpec>(json, "preprocess.json")), json);
  const PictureSpec old = parse_config<PictureSpec>({{"size", 64}}, "preprocess.json");
  EXPECT_EQ(old.transform, PictureTransform::kFamily) << "folders from before say nothing";
  EXPECT_THROW(parse_config<PictureSpec>({{"transform", "official"}, {"picture", "resize"}}, ""), ConfigError);
  EXPECT_THROW(parse_config<PictureSpec>({{"transform", "fit"}, {"antialias", false}}, ""), ConfigError);
}

TEST(PictureSpec, KeepsTheShareOfTheCutAtAnotherSize) {
  const PictureSpec spec = with_transform({.size = 256}, PictureTransform::kOfficial);
  EXPECT_EQ(spec.resized, std::vector<int64_t>{292});
  EXPECT_EQ(with_size(spec, 384).resized, std::vector<int64_t>{438});
  EXPECT_EQ(rule_name(spec), "official");
  EXPECT_EQ(rule_name({.picture = PictureShape::kPad}), "pad");
}

}  // namespace
}  // namespace foresee::data
