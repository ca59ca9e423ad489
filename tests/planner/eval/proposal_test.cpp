// A model's own proposals: as a method without a search, and as the place where a search begins; recorded pictures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "planner/env/two_room/two_room.h"
#include "planner/eval/evaluate.h"
#include "planner/eval/methods.h"
#include "tests/planner/eval/picture_model.h"

namespace foresee::planner {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// A model that proposes to go straight to the goal and cannot judge plans: all cost the same.
class Proposer final : public WorldModel {
 public:
  const ActionSpec& action_spec() const override { return pictures_.action_spec(); }
  const Preprocess& preprocess() const override { return pictures_.preprocess(); }
  std::unique_ptr<Context> encode(const Observation& seen) const override { return pictures_.encode(seen); }
  Tensor encode_goal(const Goal& goal) const override { return pictures_.encode_goal(goal); }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective objective) const override {
    return pictures_.costs(context, goal, actions, objective);
  }
  Tensor rollout(const Context& context, const Tensor& actions) const override {
    return pictures_.rollout(context, actions);
  }
  bool proposes() const override { return true; }
  Tensor propose(const Context& context, const Tensor& goal, int64_t horizon) const override {
    const Tensor still = at::zeros({goal.size(0), 1, 1, 10});
    const Tensor way = goal - rollout(context, still).select(2, 0).squeeze(1);   // pixels, [B, 2]
    const Tensor step = (way / 25 / static_cast<double>(horizon)).clamp(-1, 1);  // environment units, every step
    return (step * 2).repeat({1, 5}).unsqueeze(1).expand({-1, horizon, -1}).contiguous();
  }
  const std::vector<Observation>& seen() const { return pictures_.seen; }

 private:
  PictureModel pictures_{/*blind=*/true};
};

EvalConfig config_of(std::vector<std::string> methods) {
  EvalConfig config;
  config.episodes = 20;
  config.methods = std::move(methods);
  config.planner.planner.search = {.samples = 8, .iterations = 1, .elites = 8, .horizon = 5, .init_std = 0.1};
  return config;
}

TEST(InverseDynamics, FollowsTheModelsProposalsWithoutASearch) {
  const Proposer model;
  const EvalResult result = evaluate(config_of({"inverse_dynamics", "random"}), 7, &model);
  EXPECT_GT(result.find("inverse_dynamics")->success.low, result.find("random")->success.rate);
  EXPECT_GT(result.find("inverse_dynamics")->trials.front().planning_ms.size(), 0u);
}

TEST(InverseDynamics, GainShortensOrLengthensProposals) {
  const Proposer model;
  EvalConfig config = config_of({"inverse_dynamics"});
  config.proposal_gain = 0;
  EXPECT_EQ(evaluate(config, 7, &model).find("inverse_dynamics")->success.rate, 0);
}

TEST(InverseDynamics, NeedsAModelThatHasThem) {
  const PictureModel without;
  EXPECT_THAT([&] { evaluate(config_of({"inverse_dynamics"}), 7, &without); },
              ThrowsMessage<Error>(HasSubstr("inverse-dynamics head")));
  EvalConfig warm = config_of({"planner"});
  warm.begin = Begin::kProposal;
  EXPECT_THAT([&] { evaluate(warm, 7, &without); }, ThrowsMessage<Error>(HasSubstr("begin=proposal")));
  EXPECT_THROW(evaluate(config_of({"inverse_dynamics"}), 7, nullptr), Error);
}

TEST(WarmSearch, BeginsAtTheProposal) {
  const Proposer model;  // all plans cost the same: the search keeps what it begins with
  EvalConfig config = config_of({"planner"});
  const double cold = evaluate(config, 7, &model).find("planner")->success.rate;
  config.begin = Begin::kProposal;
  EXPECT_GT(evaluate(config, 7, &model).find("planner")->success.rate, cold + 0.3);
}

TEST(RecordedPictures, AreWhatTheFirstPlanSees) {
  const Proposer model;
  Start start{.state = {50, 100}, .goal = {60, 100}, .episode = {}, .row = {}};
  start.picture = at::full({3, 56, 56}, 7, at::kByte);
  start.goal_picture = at::full({3, 56, 56}, 9, at::kByte);
  Envs envs;
  envs.push_back(std::make_unique<TwoRoom>());
  envs.front()->set_goal(start.goal);
  envs.front()->set_state(start.state);
  const std::vector<Start> starts{{}, start};  // the group's first start is number 1
  const auto factory = model_method(model, config_of({"planner"}), 3, /*search=*/true, starts);
  const auto method = factory(envs, 1);
  const std::vector<int64_t> active{0};
  for (int64_t step = 0; step < 26; ++step) method->act(active);
  ASSERT_EQ(model.seen().size(), 2u);
  EXPECT_TRUE(at::equal(model.seen()[0].frames[0][0], start.picture));
  EXPECT_FALSE(at::equal(model.seen()[1].frames[0][0], start.picture)) << "later pictures are rendered";
}

}  // namespace
}  // namespace foresee::planner
