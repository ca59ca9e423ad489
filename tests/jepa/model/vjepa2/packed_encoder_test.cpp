// Claims: the encoder made for inference gives what the plain one gives, in float32 to rounding and in bfloat16 nearly
// so.
#include "jepa/model/vjepa2/packed_encoder.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
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
    const PackedEncoder fast(plain, Precision::kFloat32, 54);
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
  const PackedEncoder fast(plain, Precision::kFloat32, 4096);
  for (const int64_t batch : {2, 1})
    EXPECT_LT(error(fast.forward(clips().narrow(0, 0, batch)), plain->forward(clips().narrow(0, 0, batch))), 1e-5);
}

TEST_F(InferenceEncoderTest, KeepsDirectionsInBFloat16) {
  const auto plain = made(golden_encoder());
  const Tensor half = PackedEncoder(plain, Precision::kBFloat16).forward(clips());
  EXPECT_EQ(half.scalar_type(), at::kFloat);
  EXPECT_GT(cosine(half, plain->forward(clips())), 0.999);
  EXPECT_GT(error(half, plain->forward(clips())), 1e-4) << "nothing was rounded";
}

}  // namespace
}  // namespace foresee
