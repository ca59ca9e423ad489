// The recorded values of the official V-JEPA 2 code hold.
#include "tests/support/parity.h"

namespace foresee::parity {
namespace {

TEST(Vjepa2Parity, RotaryEmbeddingTurnsQueriesAndKeysAsUpstream) {
  expect_case_passes("vjepa2/rope", &verify_vjepa2_rope);
}

TEST(Vjepa2Parity, MasksAreUpstreamsBitForBit) { expect_case_passes("vjepa2/masks", &verify_vjepa2_masks); }

TEST(Vjepa2Parity, SchedulesAreUpstreams) { expect_case_passes("vjepa2/schedules", &verify_vjepa2_schedules); }

TEST(Vjepa2Parity, ThreeTrainingStepsAreUpstreams) {
  expect_case_passes("vjepa2/train_step", &verify_vjepa2_train_step);
}

}  // namespace
}  // namespace foresee::parity
