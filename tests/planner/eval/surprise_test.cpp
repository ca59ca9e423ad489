// Claims: pairs are equal up to the violation and differ there; jumps are as long as they are said to be; a model that
// predicts perfectly tells every teleport, one that sees nothing is at chance, and so for encoders, whose windows slide
// over every violation; a strip shows both episodes and marks the violation; a kind that an environment does not have
// is refused.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/env/reacher/reacher.h"
#include "planner/eval/surprise/pair_strip.h"
#include "planner/eval/surprise/scores.h"
#include "planner/eval/surprise/stages.h"
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

PairMaker teleports(const Witness& witness) {
  return [worlds = pair_worlds("two_room"), timing = witness.timing, size = witness.size](int64_t index) {
    return violation_pair(worlds, {.distance_px = 80}, timing, size, 0, static_cast<uint64_t>(index));
  };
}

ViolationScores scores_of_teleports(const Witness& witness, int64_t count) {
  return score_violations(witness, teleports(witness), count, Random(0, Stream::kTest));
}

/// An encoder of two pictures a time step, whose one token a step is the mean place of the dot.
/// @param blind  every clip is the same to it. Otherwise its predictor knows all that is possible: the next place is
/// where the dot then is, or the nearest that it can have gone to.
ClipPredictor place_predictor(bool blind) {
  ClipPredictor out{.pictures = {.size = 56, .mean = {0, 0, 0}, .std = {1, 1, 1}}, .frames = 4, .tubelet = 2};
  out.expect = [blind](const Tensor& clips) {
    constexpr double kReach = 2 * 2 * 5;  // px in each direction: two pictures of two steps
    const Tensor pictures = (clips.transpose(1, 2) * 255).round().to(at::kByte);                  // [B, T, 3, S, S]
    const Tensor places = PictureModel::dot(pictures.flatten(0, 1)).view({-1, 2, 2, 2}).mean(2);  // [B, steps, 2]
    if (blind) return ClipExpectation{at::zeros_like(places).narrow(1, 1, 1), at::zeros_like(places)};
    const Tensor before = places.narrow(1, 0, 1), after = places.narrow(1, 1, 1);
    return ClipExpectation{before + (after - before).clamp(-kReach, kReach), places};
  };
  return out;
}

bool stage_can_be_drawn(const std::string& env) {
  return env != "reacher" || (reacher_available() && reacher_renderer().size() < 10);  // "EGL" or "OSMesa"
}

TEST(Violations, PairsAreEqualUpToTheViolation) {
  for (const std::string env : {"two_room", "eb_two_room", "wall", "push_t", "reacher"}) {
    if (!stage_can_be_drawn(env)) continue;
    const PairWorlds worlds = pair_worlds(env);
    for (const Violation kind : violations_of(env)) {
      const ViolationPair pair = violation_pair(worlds, {.kind = kind, .distance_px = 40}, {}, 64, 3, 1);
      ASSERT_EQ(pair.changed.sizes(), (at::IntArrayRef{9, 3, 64, 64}));
      ASSERT_EQ(pair.actions.size(0), 8 * 5);
      ASSERT_TRUE(pair.at);
      const auto begin = [&](const Tensor& pictures) { return pictures.narrow(0, 0, *pair.at); };
      EXPECT_TRUE(at::equal(begin(pair.changed), begin(pair.unchanged))) << env << " " << static_cast<int>(kind);
      EXPECT_FALSE(at::equal(pair.changed.narrow(0, *pair.at, 2), pair.unchanged.narrow(0, *pair.at, 2)))
          << env << " " << static_cast<int>(kind);
    }
  }
}

TEST(Violations, AreThoseThatTheEnvironmentCanShow) {
  EXPECT_EQ(violations_of("wall").size(), 5u);
  EXPECT_EQ(violations_of("push_t").size(), 4u);
  EXPECT_EQ(violations_of("reacher").size(), 3u);
  EXPECT_TRUE(violations_of("process").empty());
  EXPECT_THROW(pair_worlds("process"), Error);
  EXPECT_THROW(violation_pair(pair_worlds("push_t"), {.kind = Violation::kThroughWall}, {}, 64, 0, 0), Error);
}

TEST(Violations, ADotThatVanishesLeavesTheWall) {
  const ViolationPair pair = violation_pair(pair_worlds("wall"), {.kind = Violation::kVanish}, {}, 65, 0, 0);
  const Tensor last = pair.changed[-1];
  EXPECT_TRUE(at::equal(last[0], last[1])) << "white and black are left";
  EXPECT_EQ(last.max().item<int>(), 255);
  EXPECT_EQ(last.min().item<int>(), 0);
}

TEST(Violations, TheTipOfAnArmJumpsAsFarAsItIsSaid) {
  if (!reacher_available()) GTEST_SKIP() << "built without MuJoCo";
  Reacher env;
  const State from{0.4, -1.2, 0.3, 0.1};
  env.set_state(from);
  const Pair before = env.physics().finger();
  const auto to = stage_of("reacher")->moved(from, -30, 20);
  ASSERT_TRUE(to);
  EXPECT_LT((*to)[1], 0) << "the wrist stays bent to its side";
  env.set_state(*to);
  const Pair after = env.physics().finger();
  const double px = ReacherPhysics::kSeen_m / 224;
  EXPECT_NEAR((after[0] - before[0]) / px, -30, 1e-6);
  EXPECT_NEAR((after[1] - before[1]) / px, 20, 1e-6);
  EXPECT_FALSE(stage_of("reacher")->moved(from, 300, 0)) << "beyond its reach";
}

TEST(Surprise, APerfectModelTellsEveryTeleport) {
  const PictureModel model;
  const auto scores = scores_of_teleports(world_model_witness(model), 25);
  EXPECT_EQ(scores.rates.surprise.rate, 1);
  EXPECT_EQ(scores.rates.surprise.n, 25);
  ASSERT_EQ(scores.curve.offsets, (std::vector<int64_t>{-2, -1, 0, 1}));
  EXPECT_EQ(scores.curve.changed[1], scores.curve.unchanged[1]) << "before the violation";
  EXPECT_GT(scores.curve.changed[2], 10 * scores.curve.unchanged[2]);
  ASSERT_EQ(scores.pairs.size(), 25u);
  EXPECT_TRUE(scores.pairs[7].found);
  EXPECT_EQ(scores.pairs[7].changed.size(), 8u);
}

TEST(Surprise, AModelThatSeesNothingIsAtChance) {
  const SeesNothing model;
  const auto scores = scores_of_teleports(world_model_witness(model), 50);
  EXPECT_LT(scores.rates.surprise.low, 0.5);
  EXPECT_GT(scores.rates.surprise.high, 0.5);
}

TEST(EncoderSurprise, APerfectPredictorTellsEveryTeleportAndABlindOneNone) {
  const auto scores = scores_of_teleports(encoder_witness(place_predictor(/*blind=*/false)), 30);
  EXPECT_EQ(scores.rates.surprise.rate, 1);
  ASSERT_EQ(scores.curve.offsets, (std::vector<int64_t>{-2, -1, 0, 1}));
  EXPECT_LT(scores.curve.changed[1], 1e-3) << "what can happen does not surprise it";
  EXPECT_LT(scores.curve.unchanged[2], 1e-3);
  EXPECT_GT(scores.curve.changed[2] + scores.curve.changed[3], 5);
  const auto blind = scores_of_teleports(encoder_witness(place_predictor(/*blind=*/true)), 50);
  EXPECT_LT(blind.rates.surprise.low, 0.5);
  EXPECT_GT(blind.rates.surprise.high, 0.5);
}

TEST(EncoderSurprise, WindowsSlideOverEveryViolation) {
  for (const int64_t frames : {2, 4, 6, 16, 64})
    for (const int64_t step : {1, 2}) {
      if (frames / step < 2) continue;
      ClipPredictor predictor = place_predictor(true);
      predictor.frames = frames;
      predictor.tubelet = step;
      const Witness witness = encoder_witness(predictor);
      const int64_t last = (witness.timing.pictures - frames) / step;  // the last score
      for (int64_t at = witness.timing.earliest; at <= witness.timing.latest; ++at) {
        const int64_t first = witness.first_score(at);
        EXPECT_GE(first * step + frames, at + 1) << "the window holds the picture";
        EXPECT_LT((first - 1) * step + frames, at + 1) << "no window before it does";
        EXPECT_GE(first, 2);
        EXPECT_LE(first + witness.follows, last);
      }
    }
}

TEST(EncoderSurprise, ListedPairsOfManyLengthsAreJudgedInTheirOrder) {
  const Witness witness = encoder_witness(place_predictor(/*blind=*/false));
  const PairMaker made = teleports(witness);
  const auto scores = score_violations(
      witness,
      [&](int64_t index) {
        ViolationPair pair = made(index);
        pair.at.reset();
        if (index % 3 != 0) return pair;
        for (Tensor* pictures : {&pair.changed, &pair.unchanged}) *pictures = pictures->narrow(0, 2, 10);
        return pair;
      },
      7, Random(0, Stream::kTest));
  EXPECT_EQ(scores.rates.surprise.rate, 1);
  ASSERT_EQ(scores.pairs.size(), 7u);
  EXPECT_EQ(scores.pairs[0].changed.size(), 4u);
  EXPECT_EQ(scores.pairs[1].changed.size(), 5u);
  EXPECT_EQ(scores.curve.offsets, (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

TEST(PairStrip, ShowsBothEpisodesAndMarksTheViolation) {
  const Witness witness = encoder_witness(place_predictor(/*blind=*/false));
  const ViolationPair pair = teleports(witness)(3);
  PairScores scores{.found = false, .changed = {0, 0, 1, 4, 0}, .unchanged = {0, 0, 2, 0, 0}};
  const Tensor strip = pair_strip(pair, scores, witness, 40);
  EXPECT_EQ(strip.scalar_type(), at::kByte);
  EXPECT_GT(strip.size(2), 12 * 40);
  const auto count = [&](int64_t red, int64_t green, int64_t blue) {
    return (strip == torch::tensor({red, green, blue}).to(at::kByte).view({3, 1, 1})).all(0).sum().item<int64_t>();
  };
  EXPECT_EQ(count(240, 140, 0), 40 * 40 - 34 * 34) << "one frame of 3 px";
  EXPECT_GT(count(205, 50, 50), 0);
  const int64_t dark = count(30, 50, 90);
  EXPECT_GT(dark, 0);
  scores.found = true;
  scores.changed[3] = 8;
  const Tensor told = pair_strip(pair, scores, witness, 40);
  EXPECT_FALSE(at::equal(told, strip)) << "the frame is green now, and the unchanged episode's bars are half as high";
}

}  // namespace
}  // namespace foresee::planner
