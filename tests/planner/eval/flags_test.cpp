// Claims: every flag of an evaluation is raised by what it names, with value and threshold, and by nothing else.
#include "planner/eval/findings/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foresee::planner {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kStarts = 200;

/// A method that solves the starts from `first` on, `count` of them.
MethodResult method_of(const std::string& name, int64_t first, int64_t count, double distance = 100) {
  MethodResult method{.method = name, .success = success_rate(count, kStarts)};
  for (int64_t i = 0; i < kStarts; ++i) {
    const bool success = first <= i && i < first + count;
    method.trials.push_back({.start = i,
                             .success = success,
                             .final_distance = success ? 10.0 : 90.0,
                             .distances = {distance, success ? 10.0 : 90.0},
                             .held = std::nullopt});
    if (success) method.trials.back().held = true;
  }
  return method;
}

EvalResult sound() {
  EvalResult result{.env = "two_room"};
  result.methods = {method_of("planner:cem", 0, 180), method_of("random", 0, 40), method_of("noop", 0, 4),
                    method_of("expert", 0, kStarts)};
  result.overlap = Overlap{.known = true, .episodes = 150, .trained = 0};
  return result;
}

std::vector<std::string> names(const EvalResult& result) {
  std::vector<std::string> out;
  for (const EvalFlag& flag : flags(result)) out.push_back(flag.name);
  return out;
}

TEST(Flags, ASoundEvaluationHasNone) {
  EXPECT_THAT(names(sound()), IsEmpty()) << "an expert may be as good";
  EXPECT_THAT(names({.env = "two_room"}), IsEmpty()) << "nothing was played";
}

TEST(Flags, NoBetterThanABaseline) {
  EvalResult result = sound();
  result.methods.push_back(method_of("nearest_neighbour", 10, 182));
  result.methods.push_back(method_of("cloning", 0, 150));
  const auto found = flags(result);
  ASSERT_THAT(names(result), ElementsAre("no better than a baseline"));
  EXPECT_LT(found[0].value, 0);
  EXPECT_EQ(found[0].threshold, 0);
  EXPECT_THAT(found[0].meaning, HasSubstr("planner:cem is not shown to be better than nearest_neighbour"));
}

TEST(Flags, AFloorOfDoingNothing) {
  EvalResult result = sound();
  result.methods[2] = method_of("noop", 0, 41);
  ASSERT_THAT(names(result), ElementsAre("floor"));
  EXPECT_DOUBLE_EQ(flags(result)[0].value, 41.0 / kStarts);
  EXPECT_DOUBLE_EQ(flags(result)[0].threshold, 0.2);
}

TEST(Flags, TooFewEpisodes) {
  EvalResult result = sound();
  for (MethodResult& method : result.methods) method.trials.resize(12);
  result.methods[0].success = success_rate(9, 12);
  for (size_t i = 9; i < 12; ++i) result.methods[0].trials[i].success = false;
  for (auto& trial : result.methods[1].trials) trial.success = false;
  for (auto& trial : result.methods[2].trials) trial.success = false;
  ASSERT_THAT(names(result), ElementsAre("too few episodes"));
  EXPECT_NEAR(flags(result)[0].value, success_rate(9, 12).high - success_rate(9, 12).low, 1e-12);
}

TEST(Flags, StartsNearlySolved) {
  EvalResult result = sound();
  result.methods[0] = method_of("planner:cem", 0, 180, /*distance=*/14);
  ASSERT_THAT(names(result), ElementsAre("starts nearly solved")) << "successes end at 10";
  EXPECT_EQ(flags(result)[0].value, 1);
  result.methods[0] = method_of("planner:cem", 0, 180, /*distance=*/16);
  EXPECT_THAT(names(result), IsEmpty());
}

TEST(Flags, SuccessLostAgain) {
  EvalResult result = sound();
  for (int64_t i = 0; i < 90; ++i) result.methods[0].trials[static_cast<size_t>(i)].held = false;
  ASSERT_THAT(names(result), ElementsAre("success lost again"));
  EXPECT_DOUBLE_EQ(flags(result)[0].value, 0.5);
  EXPECT_THAT(flags(result)[0].meaning, HasSubstr("90 of 180"));
  for (Trial& trial : result.methods[0].trials) trial.held.reset();
  EXPECT_THAT(names(result), IsEmpty()) << "an environment that ends with success tells nothing";
}

TEST(Flags, TrainingEpisodes) {
  EvalResult result = sound();
  result.overlap->trained = 3;
  ASSERT_THAT(names(result), ElementsAre("training episodes"));
  EXPECT_DOUBLE_EQ(flags(result)[0].value, 3.0 / 150);
}

}  // namespace
}  // namespace foresee::planner
