// Claims: pairs are equal up to the violation and differ there; a model that predicts perfectly tells every teleport,
// one that sees nothing is at chance; a kind that an environment does not have is refused.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/eval/surprise/scores.h"
#include "tests/planner/eval/picture_model.h"

namespace foresee::planner {
namespace {

/// Every picture is the same to it.
class SeesNothing final : public WorldModel {
 public:
  const ActionSpec& action_spec() const override { return dots_.action_spec(); }
  const Preprocess& preprocess() const override { return dots_.preprocess(); }
  std::unique_ptr<Context> encode(const Observation& observation) const override { return dots_.encode(observation); }
  Tensor encode_goal(const Goal& goal) const override { return at::ones({goal.pictures.size(0), 2}); }
  Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions, Objective objective) const override {
    return dots_.costs(context, goal, actions, objective);
  }
  Tensor rollout(const Context&, const Tensor& actions) const override {
    return at::ones({actions.size(0), actions.size(1), actions.size(2), 2});
  }

 private:
  PictureModel dots_;
};

TEST(Violations, PairsAreEqualUpToTheViolation) {
  for (const std::string env : {"two_room", "push_t"})
    for (const Violation kind : violations_of(env)) {
      const ViolationPair pair = violation_pair(env, {.kind = kind, .distance_px = 40}, 5, 64, 3, 1);
      ASSERT_EQ(pair.changed.sizes(), (at::IntArrayRef{kViolationPictures, 3, 64, 64}));
      ASSERT_EQ(pair.actions.size(0), (kViolationPictures - 1) * 5);
      const auto begin = [&](const Tensor& pictures) { return pictures.narrow(0, 0, pair.at); };
      EXPECT_TRUE(at::equal(begin(pair.changed), begin(pair.unchanged))) << env << " " << static_cast<int>(kind);
      EXPECT_FALSE(at::equal(pair.changed.narrow(0, pair.at, 2), pair.unchanged.narrow(0, pair.at, 2)))
          << env << " " << static_cast<int>(kind);
    }
}

TEST(Violations, RefuseWhatAnEnvironmentDoesNotHave) {
  EXPECT_THROW(violation_pair("push_t", {.kind = Violation::kThroughWall}, 5, 64, 0, 0), Error);
  EXPECT_TRUE(violations_of("process").empty());
}

TEST(Surprise, APerfectModelTellsEveryTeleport) {
  const auto scores = score_violations(PictureModel(), "two_room", {.distance_px = 80}, 25, 0);
  EXPECT_EQ(scores.rates.surprise.rate, 1);
  EXPECT_EQ(scores.rates.surprise.n, 25);
  ASSERT_EQ(scores.curve.offsets[2], 0);
  EXPECT_EQ(scores.curve.changed[1], scores.curve.unchanged[1]) << "before the violation";
  EXPECT_GT(scores.curve.changed[2], 10 * scores.curve.unchanged[2]);
}

TEST(Surprise, AModelThatSeesNothingIsAtChance) {
  const auto scores = score_violations(SeesNothing(), "two_room", {.distance_px = 80}, 50, 0);
  EXPECT_LT(scores.rates.surprise.low, 0.5);
  EXPECT_GT(scores.rates.surprise.high, 0.5);
}

}  // namespace
}  // namespace foresee::planner
