#include "tests/support/parity.h"

#include "planner/env/push_t/physics.h"
#include "planner/env/reacher/physics.h"

namespace foresee::parity {

TEST(PushTParity, TracesAndPicturesAreStableWorldmodels) {
  if (!planner::push_t_available()) GTEST_SKIP() << "built without Chipmunk";
  expect_case_passes("env/push_t", &verify_push_t);
}

TEST(PushTParity, TracesAndPicturesAreGymPushTs) {
  if (!planner::push_t_available()) GTEST_SKIP() << "built without Chipmunk";
  expect_case_passes("env/push_t_gym", &verify_push_t_gym);
}

TEST(PushTParity, RecordedActionsReachTheirGoals) {
  if (!planner::push_t_available()) GTEST_SKIP() << "built without Chipmunk";
  expect_case_passes("env/eval_starts_push_t", &verify_eval_starts_push_t);
}

TEST(ReacherParity, JointTracesAreDmControls) {
  if (!planner::reacher_available()) GTEST_SKIP() << "built without MuJoCo";
  expect_case_passes("env/reacher", &verify_reacher);
}

TEST(EbJepaParity, BouncesAndPicturesAreUpstreams) {
  expect_case_passes("env/two_room_eb_jepa", &verify_two_room_eb_jepa);
}

}  // namespace foresee::parity
