// Claims: crop, resize, flip and normalise in one pass equals torch's own operators; crops are drawn as V-JEPA 2 draws.
#include "data/picture/transform.h"

#include <gtest/gtest.h>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "tests/support/refusal.h"

namespace foresee::data {
namespace {

Tensor frames_of(int64_t count, int64_t height, int64_t width) {
  return Random(7, Stream::kTest).uniform_tensor({count, 3, height, width}).mul(256).to(at::kByte);
}

// The same with LibTorch: [T, 3, H, W] -> [3, T, size, size].
Tensor reference(const Tensor& frames, const Crop& crop, int64_t size, bool antialias, const Normalisation& n) {
  Tensor x = frames.narrow(2, crop.top, crop.height).narrow(3, crop.left, crop.width).to(at::kFloat);
  x = antialias ? at::_upsample_bilinear2d_aa(x, {size, size}, false) : at::upsample_bilinear2d(x, {size, size}, false);
  if (crop.flip) x = x.flip(3);
  const Tensor mean = at::tensor(std::vector<double>(n.mean.begin(), n.mean.end())).view({1, 3, 1, 1});
  const Tensor std = at::tensor(std::vector<double>(n.std.begin(), n.std.end())).view({1, 3, 1, 1});
  return ((x.to(at::kDouble) / 255 - mean) / std).to(at::kFloat).transpose(0, 1);
}

TEST(CropResizeNormalise, EqualsTorchOperators) {
  const Tensor frames = frames_of(3, 41, 67);
  const Normalisation normalisation;
  for (const Crop& crop : {Crop{0, 0, 41, 67, false}, Crop{5, 9, 20, 31, true}, Crop{40, 66, 1, 1, false},
                           Crop{3, 2, 16, 16, false}, Crop{0, 60, 41, 7, true}, Crop{10, 0, 2, 67, true}})
    for (const int64_t size : {1, 7, 16, 50})
      for (const bool antialias : {false, true}) {
        const Tensor got = crop_resize_normalise(
            frames, crop, size, antialias ? Resampling::kAntialias : Resampling::kBilinear, normalisation);
        const Tensor expected = reference(frames, crop, size, antialias, normalisation);
        ASSERT_TRUE(at::allclose(got, expected, 0, 2e-5))
            << crop.height << " x " << crop.width << " to " << size << (antialias ? " antialiased" : "") << ": "
            << (got - expected).abs().max().item<float>();
      }
}

TEST(CropResizeNormalise, WritesIntoASlotOfABatch) {
  const Tensor frames = frames_of(2, 20, 30);
  Tensor batch = at::full({3, 3, 2, 8, 8}, -99.0f);
  const Crop crop{2, 3, 10, 12, true};
  crop_resize_normalise(frames, crop, Resampling::kBilinear, {}, batch[1]);
  EXPECT_TRUE(batch[1].equal(crop_resize_normalise(frames, crop, 8, Resampling::kBilinear, {})));
  EXPECT_TRUE((batch[0] == -99).all().item<bool>());
  EXPECT_TRUE((batch[2] == -99).all().item<bool>());
}

TEST(CropResizeNormalise, RefusesACropOutsideThePicture) {
  const Tensor frames = frames_of(1, 20, 30);
  EXPECT_TRUE(says(refusal_of<Error>([&] {
                     crop_resize_normalise(frames, {11, 0, 10, 10, false}, 8, Resampling::kBilinear, {});
                   }),
                   "expected a crop inside 30 x 20"));
}

TEST(CropResizeNormalise, EqualsTheOfficialTrainingTransform) {
  const TensorMap io = load_safetensors("tests/fixtures/vjepa2/preprocess/io.safetensors");
  const nlohmann::json crops = read_json("tests/fixtures/vjepa2/preprocess/case.json").at("train_crops");
  const Tensor frames = io.at("train.frames").permute({0, 3, 1, 2}).contiguous();
  for (size_t i = 0; i < crops.size(); ++i) {
    const Crop crop{crops[i]["top"], crops[i]["left"], crops[i]["height"], crops[i]["width"], crops[i]["flipped"]};
    const Tensor got = crop_resize_normalise(frames, crop, 32, Resampling::kBilinear, {});
    EXPECT_TRUE(at::allclose(got, io.at(fmt::format("train.out{}", i)), 0, 2e-5)) << i;
  }
}

TEST(CropResizeNormalise, EqualsTheOfficialActionTrainingTransform) {
  const TensorMap io = load_safetensors("tests/fixtures/vjepa2/preprocess/io.safetensors");
  const Tensor frames = io.at("droid.frames").permute({0, 3, 1, 2}).contiguous();
  RandomSequence random(Random(2, Stream::kTest));
  const auto through = [&](const CropConfig& config) {
    const Crop crop = sample_crop(54, 96, config, random);
    return crop_resize_normalise(frames, crop, 32, Resampling::kBilinear, {});
  };
  const Tensor train = through({.scale = {1.777, 1.777}, .aspect = {0.75, 1.35}, .flip = 0});
  const Tensor notebook = through({.scale = {1, 1}, .aspect = {1, 1}, .flip = 0});
  EXPECT_TRUE(at::allclose(train, io.at("droid.train_out"), 0, 2e-5));
  EXPECT_TRUE(at::allclose(notebook, io.at("droid.notebook_out"), 0, 2e-5));
}

TEST(EvaluationClip, IsWithinAGreyLevelOfTheOfficialOne) {
  const TensorMap io = load_safetensors("tests/fixtures/vjepa2/preprocess/io.safetensors");
  const nlohmann::json sizes = read_json("tests/fixtures/vjepa2/preprocess/case.json").at("sizes");
  for (const auto& size : sizes) {
    const std::string name = size["name"];
    const Tensor frames = io.at(name + ".frames").permute({0, 3, 1, 2}).contiguous();
    const Tensor got = evaluation_clip(frames, size["crop"], size["resize_short_side"], {});
    const Tensor expected = io.at(name + ".official_eval_tensor");
    EXPECT_TRUE(at::allclose(got, expected, 0, 0.0176)) << name << (got - expected).abs().max().item<float>();
  }
}

TEST(EvaluationClip, IsTheCentreOfTheAntialiasedPicture) {
  const Tensor frames = frames_of(2, 37, 66);
  const Tensor got = evaluation_clip(frames, 20, 22, {.mean = {0, 0, 0}, .std = {1, 1, 1}});
  Tensor expected = at::_upsample_bilinear2d_aa(frames.to(at::kFloat), {22, 39}, false).round().clamp(0, 255);
  expected = (expected.narrow(2, 1, 20).narrow(3, 10, 20) / 255).transpose(0, 1);  // (39 - 20) / 2 = 9.5: to even
  EXPECT_LE((got - expected).abs().max().item<float>(), 1.01f / 255);
  EXPECT_GT((got - expected).abs().lt(1e-5).to(at::kFloat).mean().item<float>(), 0.99f);
}

TEST(EvaluationClip, LeavesAPictureOfTheRightSizeAsItIs) {
  const Tensor frames = frames_of(2, 24, 24);
  const Tensor got = evaluation_clip(frames, 24, 24, {.mean = {0, 0, 0}, .std = {1, 1, 1}});
  EXPECT_TRUE(at::allclose(got, frames.to(at::kFloat).transpose(0, 1) / 255, 0, 1e-6));
}

TEST(SampleCrop, KeepsToItsAreaAndShape) {
  RandomSequence random(Random(1, Stream::kTest));
  double area = 0;
  int64_t flips = 0;
  constexpr int kDraws = 4000;
  for (int i = 0; i < kDraws; ++i) {
    const Crop crop = sample_crop(200, 240, {.scale = {0.3, 0.7}}, random);
    const double aspect = static_cast<double>(crop.width) / static_cast<double>(crop.height);
    ASSERT_GE(aspect, 0.74);
    ASSERT_LE(aspect, 1.37);
    ASSERT_GE(crop.top, 0);
    ASSERT_LE(crop.top + crop.height, 200);
    ASSERT_LE(crop.left + crop.width, 240);
    area += static_cast<double>(crop.height * crop.width) / (200.0 * 240.0);
    flips += crop.flip;
  }
  EXPECT_NEAR(area / kDraws, 0.5, 0.02) << "uniform on [0.3, 0.7]";
  EXPECT_NEAR(static_cast<double>(flips) / kDraws, 0.5, 0.03);
}

TEST(SampleCrop, TakesTheCentreWhereNothingFits) {
  // V-JEPA 2-AC's recipe: scale 1.777 never fits 16:9, so the crop is full height and 1.35 times as wide.
  RandomSequence random(Random(2, Stream::kTest));
  const Crop crop = sample_crop(54, 96, {.scale = {1.777, 1.777}, .flip = 0}, random);
  EXPECT_EQ(crop.height, 54);
  EXPECT_EQ(crop.width, 73);
  EXPECT_EQ(crop.top, 0);
  EXPECT_EQ(crop.left, 11);
  EXPECT_FALSE(crop.flip);
}

TEST(CropConfig, RefusesAnEmptyRange) {
  const nlohmann::json upside_down{{"scale", {0.9, 0.3}}};
  EXPECT_TRUE(says(refusal_of<ConfigError>([&] { parse_config<CropConfig>(upside_down, "crop"); }), "scale"));
}

}  // namespace
}  // namespace foresee::data
