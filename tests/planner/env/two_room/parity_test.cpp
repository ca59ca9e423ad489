#include "tests/support/parity.h"

namespace foresee::parity {

TEST(TwoRoomParity, TracesAndPicturesAreUpstreams) { expect_case_passes("env/two_room", &verify_two_room); }

TEST(TwoRoomParity, ExpertNeedsUpstreamsSteps) {
  expect_case_passes("env/eval_starts_two_room", &verify_eval_starts_two_room);
}

}  // namespace foresee::parity
