// Claims: `foresee plan` reads a V-JEPA 2-AC folder, real pictures and poses, and answers with actions that keep to the
// search's rules; it says what is missing.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "jepa/model/vjepa2_ac/vjepa2_ac.h"
#include "planner/eval/methods.h"
#include "tests/support/arm_model.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using tests::Outcome;
using tests::run_program;

const std::string kNow = "tools/assets/franka/now.png", kGoal = "tools/assets/franka/goal.png",
                  kState = "--state=0.5804391,-0.0020212,0.2475573,-3.0666156,0.0305298,-1.9127512,0.9969714",
                  kEarlier = "--state=0.57,-0.0020212,0.2475573,-3.0666156,0.0305298,-1.9127512,0.9969714";

Outcome plan(const fs::path& model, std::vector<std::string> more) {
  std::vector<std::string> arguments{"plan",       "--model", model.string(), "--goal", kGoal,      "--set",
                                     "samples=12", "--set",   "iterations=2", "--set",  "elites=4", "--threads",
                                     "1",          "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program(arguments);
}

TEST(Plan, AnswersForAnArmWithActionsAndPoses) {
  const TemporaryFolder folder;
  const Outcome outcome =
      plan(write_arm_model(folder / "model"), {"--obs", kNow, kState, "--set", "arm.pin_z=0.01", "--set", "horizon=3"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto answer = nlohmann::json::parse(outcome.out);
  const auto actions = answer.at("actions").get<std::vector<std::vector<double>>>();
  const auto states = answer.at("states").get<std::vector<std::vector<double>>>();
  ASSERT_EQ(actions.size(), 3u);
  ASSERT_EQ(states.size(), 4u);
  EXPECT_NEAR(states[0][0], 0.5804391, 1e-6);
  for (size_t i = 0; i < actions.size(); ++i) {
    ASSERT_EQ(actions[i].size(), 7u);
    EXPECT_NEAR(actions[i][2], 0.01, 1e-6);
    EXPECT_EQ(actions[i][4], 0.0);
    EXPECT_NEAR(states[i + 1][0], states[i][0] + actions[i][0], 1e-6);
  }
  EXPECT_EQ(answer.at("iterations").get<int>(), 2);
}

TEST(Plan, TakesAHistoryOfPicturesAndPoses) {
  const TemporaryFolder folder;
  const fs::path model = write_arm_model(folder / "model");
  const Outcome outcome = plan(model, {"--obs", kNow, kNow, kEarlier, kState});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(plan(model, {"--obs", kNow, kNow, kState}).exit_code, 1) << "two pictures, one pose";
}

TEST(Plan, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  const fs::path model = write_arm_model(folder / "model");
  const Outcome none = plan(model, {"--obs", kNow});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.err.find("--state"), std::string::npos) << none.err;
  const Outcome few = plan(model, {"--obs", kNow, "--state=1,2,3"});
  EXPECT_EQ(few.exit_code, 1);
  EXPECT_NE(few.err.find("expected 7 numbers"), std::string::npos) << few.err;
  const Outcome text = plan(model, {"--obs", kNow, "--state=1,2,3,4,5,six,7"});
  EXPECT_NE(text.err.find("six"), std::string::npos) << text.err;
}

TEST(Plan, FilmsWhatTheShippedModelsImagineByTheirOwnFrames) {
  const TemporaryFolder folder;
  for (const char* env : {"two_room", "push_t"}) {
    const auto start = planner::far_starts(env, 7, 1).starts.front();
    const auto there = planner::make_env(env);
    there->set_goal(start.goal);
    there->set_state(start.state);
    data::write_image(folder / "now.png", there->render(64));
    data::write_image(folder / "goal.png", there->render_goal(64));
    const auto film = [&](const std::string& name) {
      return run_program({"plan", "--model", std::string("tools/assets/") + env, "--obs", (folder / "now.png").string(),
                          "--goal", (folder / "goal.png").string(), "--set", "planner.samples=40", "--set",
                          "planner.iterations=3", "--imagine", (folder / name).string(), "--json"});
    };
    const Outcome drawn = film(std::string(env) + ".png");
    ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
    const auto imagined = nlohmann::json::parse(drawn.out).at("imagined");
    EXPECT_EQ(imagined.at("distances").size(), 5u);
    EXPECT_EQ(imagined.at("decoder"), true);
    EXPECT_TRUE(std::filesystem::exists(folder / (std::string(env) + ".png")));
    const Outcome refused = film("film.txt");
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(refused.err.find("(--imagine FILE)"), std::string::npos) << refused.err;
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "film.txt"));
}

// The claim of the one assembly: what a user plans from two pictures is what an evaluation does first.
TEST(Plan, IsTheFirstPlanOfAnEvaluation) {
  const TemporaryFolder folder;
  const std::string model = "tools/assets/two_room";
  const planner::StartSet set = planner::far_starts("two_room", 7, 1);
  planner::Envs envs;
  envs.push_back(planner::make_env("two_room"));
  envs.front()->set_goal(set.starts.front().goal);
  envs.front()->set_state(set.starts.front().state);
  data::write_image(folder / "now.png", envs.front()->render(64));
  data::write_image(folder / "goal.png", envs.front()->render_goal(64));

  planner::ControlConfig config{.objective = Objective::kDistance, .begin = planner::Begin::kProposal};
  config.planner.planner.search.samples = 40;
  config.planner.planner.search.iterations = 3;
  const auto world = load_world_model(model);
  const auto method = planner::model_method(*world, config, /*seed=*/7)(envs, /*first=*/0);
  const std::vector<int64_t> only{0};
  std::vector<std::vector<double>> evaluated;
  for (int step = 0; step < 25; ++step) evaluated.push_back(method->act(only).front().action);

  std::vector<std::string> command{"plan",
                                   "--model",
                                   model,
                                   "--obs",
                                   (folder / "now.png").string(),
                                   "--goal",
                                   (folder / "goal.png").string(),
                                   "--seed",
                                   "7",
                                   "--set",
                                   "objective=distance",
                                   "--set",
                                   "planner.samples=40",
                                   "--set",
                                   "planner.iterations=3",
                                   "--json"};
  const auto planned = [&](const std::string& begin) {
    auto arguments = command;
    arguments.insert(arguments.end(), {"--set", "begin=" + begin});
    const Outcome outcome = run_program(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out).at("actions").get<std::vector<std::vector<double>>>();
  };
  const auto same = planned("proposal"), other = planned("zero");
  ASSERT_EQ(same.size(), 25u);
  double gap = 0, gap_of_other = 0;
  for (size_t step = 0; step < 25; ++step)
    for (size_t i = 0; i < 2; ++i) {
      gap = std::max(gap, std::abs(same[step][i] - evaluated[step][i]));
      gap_of_other = std::max(gap_of_other, std::abs(other[step][i] - evaluated[step][i]));
    }
  EXPECT_LT(gap, 1e-4);
  EXPECT_GT(gap_of_other, 1e-2) << "without the proposal the plan is another one";
}

}  // namespace
}  // namespace foresee
