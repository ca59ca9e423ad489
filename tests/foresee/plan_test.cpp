// Claims: plan_once plans from files and from pixels alike, as a Controller does; it writes what it says, says what is
// missing, stops when it is asked to, and prints nothing.
#include "foresee/plan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "tests/support/arm_model.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/two_room_picture.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

/// A plan of the shipped model between two pictures of Two-Room.
class PlanOnce : public ::testing::Test {
 protected:
  PlanRequest request() const {
    PlanRequest request{.model = "tools/assets/two_room", .observed = {view_of(now_)}, .goal = {view_of(goal_)}};
    request.options.device = Device::kCpu;
    request.options.seed = 3;
    request.options.settings.set = {"planner.samples=8", "planner.elites=4", "planner.iterations=2",
                                    "planner.horizon=2"};
    return request;
  }
  const Tensor now_ = room_at(40, 40), goal_ = room_at(60, 60);
  const TemporaryFolder folder_;
};

TEST_F(PlanOnce, IsWhatAControllerPlans) {
  const PlanResult found = plan_once(request());
  const PlanRequest wanted = request();
  Controller controller(
      {.model = wanted.model, .device = Device::kCpu, .seed = 3, .settings = wanted.options.settings});
  controller.set_goal({.pictures = {view_of(goal_)}});
  controller.act({.pictures = {view_of(now_)}});
  const auto same = controller.last_plan();
  EXPECT_EQ(found.plan.actions, same.actions);
  EXPECT_EQ(found.plan.cost, same.cost);
  EXPECT_EQ(found.plan.actions.size(), 10u);
  EXPECT_EQ(found.plan.block, 5);
  EXPECT_EQ(found.plan.trace.size(), 2u);
  EXPECT_EQ(found.plan.iterations, 2);
  EXPECT_GT(found.elapsed_ms, 0);
}

TEST_F(PlanOnce, TakesFilesAndWritesThePlan) {
  data::write_image(folder_ / "now.png", now_.permute({2, 0, 1}).contiguous());
  data::write_image(folder_ / "goal.png", goal_.permute({2, 0, 1}).contiguous());
  PlanRequest files = request();
  files.observed = {folder_ / "now.png"};
  files.goal = {folder_ / "goal.png"};
  files.out = folder_ / "plan";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const PlanResult found = plan_once(files);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(found.plan.actions, plan_once(request()).plan.actions);
  const auto written = read_json(folder_ / "plan" / "plan.json");
  EXPECT_EQ(written.at("actions").get<std::vector<std::vector<double>>>(), found.plan.actions);
  EXPECT_EQ(written.at("action_block"), 5);
  EXPECT_THROW(plan_once(files), OutputExists);
  files.out = folder_ / "now.png";
  EXPECT_THROW(plan_once(files), Error) << "an input is not written over";
}

TEST_F(PlanOnce, SaysWhatIsMissing) {
  const auto field_of = [](const PlanRequest& request) -> std::string {
    return refused_member([&] { plan_once(request); });
  };
  PlanRequest none = request(), two = request(), state = request();
  none.observed.clear();
  EXPECT_EQ(field_of(none), "observed");
  two.observed.push_back(two.observed.front());
  EXPECT_EQ(field_of(two), "executed");
  state.states = {{1, 2}};
  EXPECT_EQ(field_of(state), "states");
  PlanRequest unknown = request();
  unknown.options.settings.set.push_back("planner.sample=3");
  EXPECT_THROW(plan_once(unknown), ConfigError);
  unknown = request();
  unknown.observed = {folder_ / "absent.png"};
  EXPECT_THROW(plan_once(unknown), DataError);

  PlanRequest arm = request();
  arm.model = write_arm_model(folder_ / "arm");
  arm.options.settings.set = {"samples=8", "elites=4", "iterations=1"};
  EXPECT_EQ(field_of(arm), "states");
  arm.states = {{1, 2, 3}};
  EXPECT_EQ(field_of(arm), "states");
  arm.states = {{0.5, 0, std::nan(""), -3.1, 0, -1.9, 0.2}};
  EXPECT_EQ(field_of(arm), "states");
  arm.states = {{0.5, 0, 0.25, -3.1, 0, -1.9, 0.2}};
  EXPECT_EQ(plan_once(arm).plan.states.front(), arm.states.front());
  arm.extrinsics = {{0, 0, 1, 0, 0, 0}};
  EXPECT_EQ(field_of(arm), "extrinsics") << "it was trained without the camera's pose";
}

TEST_F(PlanOnce, OfAModelThatKnowsTheCameraWantsItsPose) {
  PlanRequest arm = request();
  arm.model = write_arm_model(folder_ / "arm", /*extrinsics=*/true);
  arm.options.settings.set = {"samples=8", "elites=4", "iterations=1", "horizon=1"};
  arm.states = {{0.5, 0, 0.25, -3.1, 0, -1.9, 0.2}};
  EXPECT_THROW(plan_once(arm), RequestError);
  arm.extrinsics = {{1, 2, 3}};
  EXPECT_THROW(plan_once(arm), RequestError);
  arm.extrinsics = {{0, 0, INFINITY, 0, 0, 0}};
  EXPECT_THROW(plan_once(arm), RequestError);
  arm.extrinsics = {{0, 0, 1, 0, 0, 0}};
  const double here = plan_once(arm).plan.cost;
  arm.extrinsics = {{4, -3, 2, 1, 0, 1}};
  EXPECT_NE(plan_once(arm).plan.cost, here) << "the pose reaches the predictor";
  arm.observed.push_back(arm.observed.front());
  arm.states.push_back(arm.states.front());
  EXPECT_NO_THROW(plan_once(arm)) << "one pose for all pictures";
  arm.data = {"tests/fixtures/cases/model/70_arm_log_good/log.npz"};
  EXPECT_THROW(plan_once(arm), DataError) << "it holds no pose of the camera";
}

TEST_F(PlanOnce, EndsWhenItIsStopped) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(plan_once(request(), {.stop = stop.get_token()}), Error);
}

}  // namespace
}  // namespace foresee
