// Claims: a plan comes with what doing nothing costs and what the goal costs once it is seen; held against recorded
// episodes, a goal from them is found ordinary and noise is found strange; histories, states of goals and several
// cameras reach the model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/episode/sink.h"
#include "foresee/plan.h"
#include "foresee/plan/plan_json.h"
#include "foresee/train/lewm_data.h"
#include "foresee/train/recorded_sequences.h"
#include "jepa/core/files/file.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/io/model_folder.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/family/family.h"
#include "jepa/model/lewm/lewm.h"
#include "planner/env/collect.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/two_room_picture.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

class JudgedPlan : public ::testing::Test {
 protected:
  PlanRequest request(const Tensor& goal) const {
    PlanRequest request{.model = "tools/assets/two_room", .observed = {view_of(now_)}, .goal = {view_of(goal)}};
    request.options.device = Device::kCpu;
    request.options.settings.set = {"planner.samples=64", "planner.elites=8", "planner.iterations=5",
                                    "planner.horizon=3"};
    return request;
  }
  static std::string member(const PlanRequest& request) {
    return refused_member([&] { plan_once(request); });
  }

  const Tensor now_ = room_at(40, 40), goal_ = room_at(60, 60);
  const TemporaryFolder folder_;
};

TEST_F(JudgedPlan, IsCheaperThanDoingNothingAndDearerThanTheGoal) {
  const PlanResult found = plan_once(request(goal_));
  ASSERT_TRUE(found.plan.cost_of_nothing && found.plan.cost_at_goal);
  EXPECT_LT(found.plan.cost, 0.5 * *found.plan.cost_of_nothing);
  EXPECT_LT(*found.plan.cost_at_goal, 0.5 * *found.plan.cost_of_nothing);
  const auto json = to_json(found);
  EXPECT_EQ(json.at("cost_of_nothing"), *found.plan.cost_of_nothing);
  EXPECT_EQ(json.at("cost_at_goal"), *found.plan.cost_at_goal);
  EXPECT_FALSE(json.contains("data"));
}

TEST_F(JudgedPlan, LiesAmongRecordedSequences) {
  const fs::path episodes = folder_ / "episodes.npz";
  const auto sink = data::make_sink(data::SinkFormat::kNpz, episodes);
  for (const auto& episode : planner::generate_episodes({.max_steps = 40, .size = 64, .seed = 3}, 12))
    sink->add(episode);
  sink->commit();
  PlanRequest usual = request(goal_);
  usual.data = {episodes};
  const PlanResult found = plan_once(usual);
  ASSERT_TRUE(found.scale);
  EXPECT_GT(found.scale->sequences, 20);
  EXPECT_LE(found.scale->recorded.low, found.scale->recorded.middle);
  EXPECT_LT(found.scale->recorded.middle, found.scale->nothing.middle) << "the model knows what actions do";
  EXPECT_FALSE(found.scale->goal_is_strange) << found.scale->goal_distance << " of " << found.scale->distances.high;
  EXPECT_FALSE(found.scale->present_is_strange);
  const Tensor noise = (Random(1, Stream::kTest).uniform_tensor({64, 64, 3}) * 255).to(at::kByte);
  PlanRequest odd = request(noise);
  odd.data = {episodes};
  const PlanResult strange = plan_once(odd);
  EXPECT_TRUE(strange.scale->goal_is_strange);
  EXPECT_EQ(to_json(strange).at("data").at("goal_is_strange"), true);
}

TEST_F(JudgedPlan, IsJudgedByWhatTrainingKeptWhereNoEpisodesAreGiven) {
  const fs::path episodes = folder_ / "episodes.npz", copy = folder_ / "model";
  const auto sink = data::make_sink(data::SinkFormat::kNpz, episodes);
  for (const auto& episode : planner::generate_episodes({.max_steps = 40, .size = 64, .seed = 3}, 12))
    sink->add(episode);
  sink->commit();
  fs::copy("tools/assets/two_room", copy);
  PlanRequest usual = request(goal_);
  usual.model = copy;
  EXPECT_FALSE(plan_once(usual).scale) << "nothing was kept";
  const auto model = load_world_model(copy, WorldModelOptions{});
  const data::EpisodeDataset dataset = open_episodes_of(model->picture_spec(), {episodes});
  write_training_costs(copy, *model, sequence_reader(*model, dataset));
  const PlanResult found = plan_once(usual);
  ASSERT_TRUE(found.scale);
  EXPECT_GT(found.scale->sequences, 20);
  EXPECT_LT(found.scale->recorded.middle, found.scale->nothing.middle);
  EXPECT_FALSE(found.scale->goal_is_strange) << found.scale->goal_distance << " of " << found.scale->distances.high;
  EXPECT_TRUE(to_json(found).contains("data"));
  const Tensor noise = (Random(1, Stream::kTest).uniform_tensor({64, 64, 3}) * 255).to(at::kByte);
  PlanRequest odd = request(noise);
  odd.model = copy;
  EXPECT_TRUE(plan_once(odd).scale->goal_is_strange);
  usual.options.settings.set.back() = "planner.horizon=9";
  EXPECT_FALSE(plan_once(usual).scale) << "plans of more blocks than were kept are not judged";
  usual.options.settings.set.back() = "planner.horizon=3";
  std::ofstream(copy / kTrainingCostsFile) << R"({"horizons": {"3": {}, "1": {}}})";
  EXPECT_THAT([&] { plan_once(usual); },
              ::testing::ThrowsMessage<CheckpointError>(::testing::HasSubstr("training_costs.json: not as training")));
}

TEST_F(JudgedPlan, LooksAtAHistoryWithItsActions) {
  PlanRequest two = request(goal_);
  const Tensor before = room_at(35, 40);
  two.observed = {view_of(before), view_of(now_)};
  EXPECT_EQ(member(two), "executed") << "a model without poses has to be told the actions";
  two.executed.assign(5, {1, 0});
  const PlanResult right = plan_once(two);
  EXPECT_NE(right.plan.actions, plan_once(request(goal_)).plan.actions) << "the history matters";
  two.executed.pop_back();
  EXPECT_EQ(member(two), "executed");
  two.executed.assign(5, {1, 0, 0});
  EXPECT_EQ(member(two), "executed");
}

/// The shipped model with other settings of its own.
class AlteredModel : public JudgedPlan {
 protected:
  fs::path with_cameras() const {
    const fs::path copy = folder_ / "cameras";
    fs::copy("tools/assets/two_room", copy);
    auto preprocess = read_json(copy / "preprocess.json");
    preprocess["cameras"] = {"a", "b"};
    std::ofstream(copy / "preprocess.json") << preprocess;
    return copy;
  }

  /// A small model that takes two numbers of the robot's state.
  fs::path with_states() const {
    LewmConfig config;
    config.vit = {.image_size = 64, .patch = 16, .width = 24, .layers = 1, .heads = 2, .mlp = 32};
    config.predictor = {.frames = 3, .width = 24, .layers = 1, .heads = 2, .head_dim = 8, .mlp = 32};
    config.embedding = 24;
    config.projector_hidden = config.prediction_hidden = 32;
    config.proprioception = 2;
    ModelFolder files;
    files.family = "lewm";
    files.model = config_json(config);
    files.preprocess.size = 64;
    files.actions = ActionSpec{.size = 2, .block = 5};
    Lewm model(config);
    initialise(model, 1);
    files.weights = state_dict(*model);
    const fs::path folder = folder_ / "states";
    save_model_folder(folder, files);
    return folder;
  }
};

TEST_F(AlteredModel, KeepsToTheLimitsOfItsFolderWithEverySolver) {
  const fs::path copy = folder_ / "limits";
  fs::copy("tools/assets/two_room", copy);
  fs::copy("tests/fixtures/cases/model/92_bounds/actions.json", copy / "actions.json",
           fs::copy_options::overwrite_existing);
  for (const char* solver : {"cem", "icem", "mppi", "predictive_sampling", "gradient"}) {
    PlanRequest far = request(room_at(190, 190));
    far.model = copy;
    far.options.settings.set.push_back(std::string("planner.solver=") + solver);
    for (const auto& step : plan_once(far).plan.actions)
      for (const double number : step) EXPECT_LE(std::abs(number), 1.0) << solver;
    far.options.settings.set.push_back("action_low=[-0.25]");
    far.options.settings.set.push_back("action_high=[0.125]");
    for (const auto& step : plan_once(far).plan.actions)
      for (const double number : step) EXPECT_TRUE(number >= -0.25 && number <= 0.125) << solver << " " << number;
  }
}

TEST_F(AlteredModel, SeesAGoalThatIsInCameraBAlone) {
  PlanRequest two = request(goal_);
  two.model = with_cameras();
  const Tensor other = room_at(150, 150);
  const auto plan_to = [&](const Tensor& a, const Tensor& b) {
    two.observed = {view_of(now_), view_of(now_)};
    two.goal = {view_of(a), view_of(b)};
    return plan_once(two).plan;
  };
  const auto same = plan_to(now_, now_), in_b = plan_to(now_, other);
  EXPECT_NE(same.actions, in_b.actions);
  EXPECT_NE(*in_b.cost_of_nothing, *same.cost_of_nothing) << "only camera B shows that something is to be done";
  EXPECT_EQ(plan_to(now_, other).actions, in_b.actions);
  two.goal = {view_of(now_)};
  EXPECT_EQ(member(two), "goal");
  two.goal = {view_of(now_), view_of(other)};
  two.observed = {view_of(now_), view_of(now_), view_of(now_)};
  EXPECT_EQ(member(two), "observed");
}

TEST_F(AlteredModel, TakesTheRobotsStateAtTheGoal) {
  PlanRequest states = request(goal_);
  states.model = with_states();
  states.states = {{0.5, -0.5}};
  EXPECT_EQ(member(states), "goal_state");
  states.goal_state = {1, 2};
  EXPECT_EQ(plan_once(states).plan.actions.size(), 15u);
  states.goal_state = {1, std::nan("")};
  EXPECT_THAT([&] { plan_once(states); }, ::testing::ThrowsMessage<Error>(::testing::HasSubstr("finite numbers")));
  PlanRequest none = request(goal_);
  none.goal_state = {1, 2};
  EXPECT_EQ(member(none), "goal_state");
}

}  // namespace
}  // namespace foresee
