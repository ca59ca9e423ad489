// Claims: the encoder made for inference gives what the plain one gives, in float32 to rounding and in bfloat16 nearly
// so; its fused passes are the operators that they stand for.
#include "jepa/model/vjepa2/inference_encoder.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/residual_norm.h"
#include "jepa/nn/heads.h"
#include "tests/jepa/model/vjepa2/golden_vjepa2.h"

namespace foresee {
namespace {

struct InferenceEncoderTest : testing::Test {
  static std::shared_ptr<VideoEncoder> made(VideoEncoderConfig config) {
    config.width = 96;
    config.heads = 4;
    config.depth = 3;
    auto encoder = std::make_shared<VideoEncoder>(config);
    golden_fill(*encoder);
    encoder->to(at::kFloat);
    return encoder;
  }
  static Tensor clips() { return (2.0 * hash_fill({2, 3, 6, 48, 48}, 1000)).to(at::kFloat); }
  static double error(const Tensor& value, const Tensor& reference) {
    return ((value - reference).abs().max() / reference.abs().max()).item<double>();
  }
  static double cosine(const Tensor& a, const Tensor& b) {
    return at::cosine_similarity(a.flatten(0, -2), b.flatten(0, -2), 1).min().item<double>();
  }
  torch::NoGradGuard no_grad;
};

TEST_F(InferenceEncoderTest, IsThePlainEncoderInFloat32) {
  for (const auto& config : {golden_encoder(), golden_encoder().hugging_face()}) {
    const auto plain = made(config);
    const InferenceEncoder fast(plain, Precision::kFloat32, 54);
    EXPECT_LT(error(fast.forward(clips()), plain->forward(clips())), 1e-5);
    const Tensor some = ids(kContext).expand({2, -1}).contiguous();
    EXPECT_LT(error(fast.forward(clips(), some), plain->forward(clips(), some)), 1e-5);
    const std::vector<int64_t> layers{2, 0};
    const auto levels = fast.forward_levels(clips(), layers), expected = plain->forward_levels(clips(), layers);
    for (size_t i = 0; i < 2; ++i) EXPECT_LT(error(levels[i], expected[i]), 1e-5);
    EXPECT_THROW(fast.forward_levels(clips(), std::vector<int64_t>{3}), Error);
  }
}

TEST_F(InferenceEncoderTest, RunsAgainOnABatchOfAnotherSize) {
  const auto plain = made(golden_encoder());
  const InferenceEncoder fast(plain, Precision::kFloat32, 4096);
  for (const int64_t batch : {2, 1})
    EXPECT_LT(error(fast.forward(clips().narrow(0, 0, batch)), plain->forward(clips().narrow(0, 0, batch))), 1e-5);
}

TEST_F(InferenceEncoderTest, KeepsDirectionsInBFloat16) {
  const auto plain = made(golden_encoder());
  const Tensor half = InferenceEncoder(plain, Precision::kBFloat16).forward(clips());
  EXPECT_EQ(half.scalar_type(), at::kFloat);
  EXPECT_GT(cosine(half, plain->forward(clips())), 0.999);
  EXPECT_GT(error(half, plain->forward(clips())), 1e-4) << "nothing was rounded";
}

TEST_F(InferenceEncoderTest, AddAndNormIsBothOperators) {
  const Tensor x = hash_fill({3, 7, 70}, 1).to(at::kFloat), branch = hash_fill({3, 7, 70}, 2).to(at::kFloat);
  const Affine norm{hash_fill({70}, 3).to(at::kFloat) + 1, hash_fill({70}, 4).to(at::kFloat)};
  for (const auto branch_type : {at::kFloat, at::kBFloat16}) {
    Tensor stream = x.clone();
    const Tensor added = branch.to(branch_type);
    const Tensor normed = add_and_norm(stream, added, norm, 1e-6, at::kFloat), sum = x + added.to(at::kFloat);
    EXPECT_TRUE(at::equal(stream, sum));
    EXPECT_TRUE(at::allclose(normed, norm.layer_norm(sum, 1e-6), 1e-5, 1e-5));
    EXPECT_TRUE(at::allclose(add_and_norm(stream, {}, norm, 1e-6, at::kBFloat16).to(at::kFloat), normed, 4e-3, 1e-5));
    EXPECT_TRUE(at::equal(stream, sum));
  }
  Tensor stream = x.clone();
  EXPECT_THROW(add_and_norm(stream, branch.narrow(0, 0, 1), norm, 1e-6, at::kFloat), Error);
}

TEST_F(InferenceEncoderTest, HeadsOfBFloat16TurnByFloatAngles) {
  const Tensor tokens = at::arange(10, at::kLong);
  const auto table = rope_table(token_positions(tokens, 3, 4), 16, at::kFloat);
  const Tensor qkv = hash_fill({2, 10, 3 * 2 * 16}, 5).to(at::kBFloat16);
  const Heads half = split_heads(qkv, 2, &table), full = split_heads(qkv.to(at::kFloat), 2, &table);
  EXPECT_TRUE(at::equal(half.query, full.query.to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(half.key, full.key.to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(half.value, full.value.to(at::kBFloat16)));
}

}  // namespace
}  // namespace foresee
