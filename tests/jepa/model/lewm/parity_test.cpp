// LeWM against values recorded from stable-worldmodel: forward pass, training steps, SIGReg, learning rate.
#include "tests/support/parity.h"

namespace foresee::parity {
namespace {

/// The folder also holds the weights as Python's .pt files; what reads those is tested with their reader.
void expect_tensors_pass(const std::string& name, Kind kind) {
  const auto results = verify_case("tests/fixtures/" + name, kind);
  EXPECT_GT(results.size(), 10u);
  for (const auto& row : results)
    EXPECT_TRUE(row.passed || row.key.ends_with(".pt")) << name << " " << row.key << ": " << row.reason;
}

TEST(LewmParity, ForwardRolloutAndCost) { expect_tensors_pass("lewm/tiny", verify_lewm_forward); }
TEST(LewmParity, PredictorOfAnotherWidth) { expect_tensors_pass("lewm/tiny_proj", verify_lewm_forward); }
TEST(LewmParity, OfTorchWorld) { expect_case_passes("lewm/torch_world", verify_lewm_forward); }
TEST(LewmParity, TrainingSteps) { expect_case_passes("lewm/train_step", verify_lewm_train_step); }
TEST(LewmParity, TrainingStepsWithClippingAndDecay) {
  expect_case_passes("lewm/train_step_clip", verify_lewm_train_step);
}
TEST(LewmParity, Sigreg) { expect_case_passes("lewm/sigreg", verify_lewm_sigreg); }
TEST(LewmParity, LearningRate) { expect_case_passes("lewm/lr_schedule", verify_lewm_lr_schedule); }

}  // namespace
}  // namespace foresee::parity
