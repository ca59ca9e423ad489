// Claims: the networks give the values that the official code gave (reference section 9, float64).
#include <gtest/gtest.h>

#include "jepa/core/torch.h"
#include "jepa/model/vjepa2/probe.h"
#include "jepa/model/vjepa2/vjepa2.h"
#include "tests/jepa/model/vjepa2/golden_vjepa2.h"

namespace foresee {
namespace {

struct Vjepa2Golden : testing::Test {
  torch::NoGradGuard no_grad;
};

TEST_F(Vjepa2Golden, HashFillIsTheRecordedOne) {
  EXPECT_NEAR(hash_fill({3}, 0)[1].item<double>(), 0.4666562881, 1e-9);
  EXPECT_NEAR(hash_fill({3}, 5)[2].item<double>(), 0.052205961, 1e-9);
}

TEST_F(Vjepa2Golden, EncoderGivesTheRecordedFeatures) {
  VideoEncoder encoder(golden_encoder());
  golden_fill(encoder);
  expect_golden(encoder.forward(golden_clip()), 12.03427190, 1376.35389661,
                {-0.41344095, 1.27104591, 1.55338207, 0.0789647}, {-1.27555077, 0.70842747, 1.07558038, 0.56135663});
}

TEST_F(Vjepa2Golden, MaskedEncoderGivesTheRecordedFeatures) {
  VideoEncoder encoder(golden_encoder());
  golden_fill(encoder);
  expect_golden(encoder.forward(golden_clip(), ids(kContext)), 4.09861645, 305.13367629,
                {-0.44828865, 1.31918266, 1.71463505, -0.00926545}, {-1.78440909, 0.94602952, 1.06197835, 0.82315535});
}

TEST_F(Vjepa2Golden, PredictorGivesTheRecordedFeaturesForEachMaskToken) {
  VideoEncoder encoder(golden_encoder());
  MaskedPredictor predictor(golden_predictor(), golden_encoder());
  golden_fill(encoder);
  golden_fill(predictor);
  const Tensor context = encoder.forward(golden_clip(), ids(kContext));
  expect_golden(predictor.forward(context, ids(kContext), ids(kTarget), 0), -6.04710886, 166.12526677,
                {1.63380501, -1.11615774, 0.30231148, -0.52360806}, {0.78971178, -0.58566169, -0.90243649, 0.13194209});
  expect_golden(predictor.forward(context, ids(kContext), ids(kTarget), 1), -14.06517504, 155.18189058,
                {0.5256584, -1.01941117, -0.1126209, -0.32682257}, {-0.70626699, -0.25601008, -1.81843855, 1.53031867});
}

TEST_F(Vjepa2Golden, InterleavedAnglesGiveOtherFeatures) {
  auto config = golden_encoder();
  config.rope_angles = RopeAngles::kInterleaved;
  VideoEncoder encoder(config);
  golden_fill(encoder);
  expect_golden(encoder.forward(golden_clip()), 11.38537640, 1373.13835042,
                {-0.35495462, 1.34161466, 1.61890785, 0.10254804}, {});
}

TEST_F(Vjepa2Golden, ProbeGivesTheRecordedLogits) {
  VideoEncoder encoder(golden_encoder());
  ProbeConfig config;
  config.width = 64;
  config.heads = 4;
  config.depth = 4;
  config.classes = {5};
  AttentiveProbe probe(config);
  golden_fill(encoder);
  golden_fill(probe);
  const Tensor logits = probe.forward(encoder.forward(golden_clip())).front();
  const Tensor expected =
      at::tensor({-0.79897392, -1.52668172, -2.14237837, 1.28447799, 1.00445724}, at::kDouble).unsqueeze(0);
  EXPECT_TRUE(at::allclose(logits, expected, 0, 1e-7)) << logits;
  EXPECT_NEAR(logits.sum().item<double>(), -2.17909879, 1e-7);
  EXPECT_NEAR(logits.abs().sum().item<double>(), 6.75696924, 1e-7);
}

}  // namespace
}  // namespace foresee
