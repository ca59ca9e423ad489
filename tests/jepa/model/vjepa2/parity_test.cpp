// The recorded values of the official V-JEPA 2 code hold.
#include "tests/support/parity.h"

namespace foresee::parity {
namespace {

TEST(Vjepa2Parity, RotaryEmbeddingTurnsQueriesAndKeysAsUpstream) {
  expect_case_passes("vjepa2/rope", &verify_vjepa2_rope);
}

TEST(Vjepa2Parity, MasksAreUpstreamsBitForBit) { expect_case_passes("vjepa2/masks", &verify_vjepa2_masks); }

TEST(Vjepa2Parity, SchedulesAreUpstreams) { expect_case_passes("vjepa2/schedules", &verify_vjepa2_schedules); }

TEST(Vjepa2Parity, HuggingFacesModelGivesItsOwnOutputs) {
  expect_case_passes("vjepa2/hf_base", &verify_vjepa2_hf_base);
}

TEST(Vjepa2Parity, HuggingFacesClassifierGivesItsOwnLogits) {
  expect_case_passes("vjepa2/hf_classifier", &verify_vjepa2_hf_classifier);
}

TEST(Vjepa2Parity, MetasPretrainingFileGivesItsOutputsAndGoesOn) {
  expect_case_passes("vjepa2/official_pt", &verify_vjepa2_official_pt);
}

TEST(Vjepa2Parity, MetasProbesGiveTheirLogits) {
  expect_case_passes("vjepa2/official_probe", &verify_vjepa2_official_probe);
  expect_case_passes("vjepa2/official_probe_ek", &verify_vjepa2_official_probe);
}

TEST(Vjepa2Parity, FramesBecomeThePublishedInputs) {
  expect_case_passes("vjepa2/preprocess", &verify_vjepa2_preprocess);
}

TEST(Vjepa2Parity, ThreeTrainingStepsAreUpstreams) {
  expect_case_passes("vjepa2/train_step", &verify_vjepa2_train_step);
}

}  // namespace
}  // namespace foresee::parity
