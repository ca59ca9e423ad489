// Claims: a Controller turns pictures into actions that are finite and inside the bounds, keeps problems apart, takes
// pictures of any size, repeats itself for a seed, and says what is missing.
#include "foresee/controller.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/picture/resize.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "jepa/model/vjepa2_ac/vjepa2_ac.h"
#include "planner/env/two_room/two_room.h"
#include "tests/support/arm_model.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const fs::path kModel = "tools/assets/two_room";

/// Two-Room's picture with the agent at (x, y), as a camera gives it.
struct Camera {
  Camera(double x, double y, int64_t size = 64) {
    planner::TwoRoom room;
    room.set_goal(std::vector<double>{180, 180});
    room.set_state(std::vector<double>{x, y});
    rows = room.render(size).permute({1, 2, 0}).contiguous();
  }
  PictureView view() const { return {rows.const_data_ptr<uint8_t>(), rows.size(0), rows.size(1)}; }
  Tensor rows;  // uint8 [H, W, 3]
};

Controller::Options options_of(const fs::path& model, std::vector<std::string> set = {}) {
  std::vector<std::string> all{"planner.samples=8", "planner.elites=4", "planner.iterations=2", "planner.horizon=2"};
  all.insert(all.end(), set.begin(), set.end());
  return {.model = model, .device = Device::kCpu, .seed = 3, .settings = {.set = std::move(all)}};
}

/// The first actions toward a goal, pictures standing still.
std::vector<std::vector<double>> actions_of(Controller& controller, const Camera& now, const Camera& goal, int count) {
  controller.set_goal({.pictures = {goal.view()}});
  std::vector<std::vector<double>> actions;
  for (int i = 0; i < count; ++i) actions.push_back(controller.act({.pictures = {now.view()}}).action);
  return actions;
}

/// The shipped model with bounds that are tighter than what a search draws.
fs::path bounded_model(const fs::path& folder, double bound) {
  fs::copy(kModel, folder);
  auto actions = nlohmann::json::parse(std::ifstream(folder / "actions.json"));
  actions["low"] = {-bound, -bound / 2};
  actions["high"] = {bound, bound / 2};
  fs::remove(folder / "actions.json");
  std::ofstream(folder / "actions.json") << actions;
  return folder;
}

TEST(Controller, ActsInsideTheBoundsAndSaysWhereFrom) {
  const TemporaryFolder folder;
  Controller controller(options_of(bounded_model(folder / "m", 0.1)));
  EXPECT_EQ(controller.action().block, 5);
  EXPECT_EQ(controller.picture().size, 64);
  const Camera now(40, 40), goal(60, 60);
  controller.set_goal({.pictures = {goal.view()}});
  bool at_bound = false;
  for (int step = 0; step < 20; ++step) {
    const auto next = controller.act({.pictures = {now.view()}});
    ASSERT_EQ(next.action.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      const double bound = i == 0 ? 0.1 : 0.05;
      ASSERT_TRUE(std::isfinite(next.action[i]) && std::abs(next.action[i]) <= bound) << next.action[i];
      at_bound = at_bound || std::abs(next.action[i]) == bound;
    }
    const bool searched = step % 10 == 0;  // two blocks of five are executed
    EXPECT_EQ(next.source, searched ? Controller::Source::kSearch : Controller::Source::kQueue) << step;
    EXPECT_EQ(next.stopped, searched ? Controller::Stopped::kFinished : Controller::Stopped::kNotSearched);
    EXPECT_EQ(next.plans, 1 + step / 10);
  }
  EXPECT_TRUE(at_bound) << "the search draws actions beyond them";
  const auto plan = controller.last_plan();
  EXPECT_EQ(plan.actions.size(), 10u);
  for (const auto& row : plan.actions) EXPECT_LE(std::abs(row[0]), 0.1);
  EXPECT_EQ(plan.trace.size(), 2u);
}

TEST(Controller, RepeatsItselfForASeedOnly) {
  const Camera now(40, 40), goal(60, 60);
  Controller first(options_of(kModel)), again(options_of(kModel));
  auto other_seed = options_of(kModel);
  other_seed.seed = 4;
  Controller other(other_seed);
  const auto actions = actions_of(first, now, goal, 6);
  EXPECT_EQ(actions, actions_of(again, now, goal, 6));
  EXPECT_NE(actions, actions_of(other, now, goal, 6));
}

TEST(Controller, KeepsProblemsApart) {
  auto two = options_of(kModel);
  two.problems = 2;
  Controller pair(two);
  const Camera now[] = {{40, 40}, {150, 60}}, goal[] = {{60, 60}, {170, 170}};
  for (int64_t i = 0; i < 2; ++i) pair.set_goal({.pictures = {goal[i].view()}}, i);
  const std::vector<Controller::Observation> seen{{.pictures = {now[0].view()}}, {.pictures = {now[1].view()}}};
  const std::vector<int64_t> both{0, 1};
  const auto together = pair.act(seen, both);
  for (int64_t i = 0; i < 2; ++i) {
    auto one = options_of(kModel);
    one.first_problem = i;
    Controller alone(one);
    const auto action = actions_of(alone, now[i], goal[i], 1).front();
    for (size_t k = 0; k < 2; ++k) EXPECT_NEAR(together[static_cast<size_t>(i)].action[k], action[k], 1e-4);
  }
  // One problem begins a new episode while the other is under way: histories and queues of different lengths.
  pair.reset(0);
  const auto next = pair.act(seen, both);
  EXPECT_EQ(next[0].source, Controller::Source::kSearch);
  EXPECT_EQ(next[1].source, Controller::Source::kQueue);
  EXPECT_THROW(pair.act(seen, std::vector<int64_t>{1, 0}), Error);
}

TEST(Controller, BringsPicturesToTheModelsSize) {
  const Camera now(40, 40, 224), goal(60, 60, 224);
  Camera small_now(0, 0), small_goal(0, 0);
  const auto shrunk = [](const Camera& large) {
    return data::resize_pillow_bilinear(large.rows.permute({2, 0, 1}).contiguous(), 64, 64)
        .permute({1, 2, 0})
        .contiguous();
  };
  small_now.rows = shrunk(now);
  small_goal.rows = shrunk(goal);
  Controller large(options_of(kModel)), small(options_of(kModel));
  EXPECT_EQ(actions_of(large, now, goal, 1), actions_of(small, small_now, small_goal, 1));

  // A camera of 640 x 480 whose rows lie further apart than its pixels need.
  const Tensor wide = at::full({480, 700, 3}, 200, at::kByte);
  const PictureView view{wide.const_data_ptr<uint8_t>(), 480, 640, 2100};
  large.set_goal({.pictures = {view}});
  EXPECT_TRUE(std::isfinite(large.act({.pictures = {view}}).action[0]));
}

TEST(Controller, LooksBackAtItsHistory) {
  const Camera start(40, 40), later(50, 40), goal(60, 60);
  const auto second_block = [&](const char* history, bool executed_other) {
    Controller controller(options_of(kModel, {history, "planner.receding=1"}));
    controller.set_goal({.pictures = {goal.view()}});
    for (int step = 0; step < 5; ++step) controller.act({.pictures = {start.view()}});
    Controller::Observation seen{.pictures = {later.view()}};
    if (executed_other) seen.executed = {1, -1};
    return controller.act(seen).cost;
  };
  EXPECT_NE(second_block("history=1", false), second_block("history=2", false));
  EXPECT_NE(second_block("history=2", true), second_block("history=2", false));
  EXPECT_EQ(second_block("history=1", true), second_block("history=1", false));
}

TEST(Controller, SearchesAnewForANewGoalAndInANewEpisode) {
  const Camera now(40, 40), goal(60, 60), other(30, 100);
  Controller controller(options_of(kModel));
  actions_of(controller, now, goal, 3);
  controller.set_goal({.pictures = {other.view()}, .weight = 2});
  EXPECT_EQ(controller.act({.pictures = {now.view()}}).source, Controller::Source::kSearch);
  controller.reset();
  EXPECT_EQ(controller.act({.pictures = {now.view()}}).source, Controller::Source::kSearch);
}

TEST(Controller, KeepsItsQueueForANewGoalWhereItPlansAsynchronously) {
  const Camera now(40, 40), goal(60, 60), other(30, 100);
  Controller controller(options_of(kModel, {"asynchronous=true", "planner.receding=2"}));
  actions_of(controller, now, goal, 2);
  controller.set_goal({.pictures = {other.view()}});
  const int64_t kept = 2 * controller.action().block;  // this block and the next one
  for (int64_t step = 2; step < kept; ++step)
    EXPECT_EQ(controller.act({.pictures = {now.view()}}).source, Controller::Source::kQueue) << step;
  const auto decision = controller.act({.pictures = {now.view()}});
  EXPECT_EQ(decision.source, Controller::Source::kSearch);
  EXPECT_EQ(decision.plans, 2);
}

TEST(Controller, AddsUpTheCostsOfSeveralGoals) {
  const Camera now(40, 40), goal(60, 60);
  const auto cost = [&](const std::vector<Controller::Goal>& goals) {
    Controller controller(options_of(kModel));
    controller.set_goals(goals);
    controller.act({.pictures = {now.view()}});
    return controller.last_plan().cost;
  };
  const double single = cost({{.pictures = {goal.view()}}});
  EXPECT_NEAR(cost({{.pictures = {goal.view()}}, {.pictures = {goal.view()}, .weight = 2}}), 3 * single, 1e-3 * single);
  EXPECT_THROW(cost({}), Error);
}

TEST(Controller, SaysWhatIsMissing) {
  const Camera now(40, 40);
  Controller controller(options_of(kModel));
  EXPECT_THROW(controller.act({.pictures = {now.view()}}), Error) << "no goal";
  EXPECT_THROW(controller.last_plan(), Error);
  EXPECT_THROW(controller.set_goal({.pictures = {PictureView{}}}), Error);
  EXPECT_THROW(controller.set_goal({.pictures = {}}), Error);
  EXPECT_THROW(controller.set_goal({.pictures = {now.view()}, .state = {1, 2}}), Error) << "the model takes no state";
  EXPECT_THROW(controller.set_goal({.pictures = {now.view()}}, 1), Error) << "there is one problem";
  controller.set_goal({.pictures = {now.view()}});
  EXPECT_THROW(controller.act({.pictures = {now.view()}, .state = {1}}), Error);
  EXPECT_THROW(Controller(options_of(kModel, {"planner.sample=3"})), ConfigError);
  EXPECT_THROW(Controller(options_of(kModel, {"objective=distanz"})), ConfigError);
  EXPECT_THROW(Controller(options_of("tests/no_such_model")), CheckpointError);
}

TEST(Controller, EndsWhenItIsStopped) {
  std::stop_source stop;
  auto options = options_of(kModel);
  options.job.stop = stop.get_token();
  Controller controller(options);
  const Camera now(40, 40);
  controller.set_goal({.pictures = {now.view()}});
  stop.request_stop();
  EXPECT_THROW(controller.act({.pictures = {now.view()}}), Error);
}

TEST(ArmController, PlansByTheArmsSearch) {
  const TemporaryFolder folder;
  const fs::path model = write_arm_model(folder / "m");
  const std::vector<double> pose{0.5, 0, 0.25, -3.1, 0, -1.9, 0.2};
  const Camera now(40, 40, 48), goal(60, 60, 40);
  const auto plan = [&](std::vector<std::string> keys) {
    Controller controller({.model = model, .device = Device::kCpu, .seed = 1, .settings = {.set = std::move(keys)}});
    EXPECT_EQ(controller.state().size, 7);
    controller.set_goal({.pictures = {goal.view()}});
    controller.act({.pictures = {now.view()}, .state = pose});
    return controller.last_plan();
  };
  const auto found = plan({"samples=12", "elites=4", "iterations=2", "horizon=3", "arm.pin_z=0.01"});
  ASSERT_EQ(found.actions.size(), 3u);
  ASSERT_EQ(found.states.size(), 4u);
  for (const auto& action : found.actions) EXPECT_NEAR(action[2], 0.01, 1e-6);
  const auto same = plan({"planner.samples=12", "planner.elites=4", "planner.iterations=2", "planner.horizon=3",
                          "arm.pin_z=0.01", "objective=latent", "begin=zero", "planner.receding=2"});
  EXPECT_EQ(found.actions, same.actions) << "keys with and without planner. are the same keys";
  EXPECT_THROW(plan({"objective=distance"}), ConfigError);
  EXPECT_THROW(plan({"begin=proposal"}), ConfigError);
  EXPECT_THROW(plan({"planner.solver=icem"}), ConfigError);

  Controller controller({.model = model, .device = Device::kCpu, .settings = {.set = {"samples=8", "elites=4"}}});
  controller.set_goal({.pictures = {goal.view()}});
  EXPECT_THROW(controller.act({.pictures = {now.view()}}), Error) << "without a pose";
}

}  // namespace
}  // namespace foresee
