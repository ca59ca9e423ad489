// Claims: nearest_neighbour replays the part of an episode that fits best, and never a start's own; cloning acts
// by its policy.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/episode/split.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/env/collect.h"
#include "planner/eval/baselines/cloning.h"
#include "planner/eval/baselines/nearest_neighbour.h"

namespace foresee::planner {
namespace {

/// Two episodes of four rows, ids 3 and 5; the action of row 5 is NaN.
PictureBank two_episodes() {
  PictureBank bank;
  bank.episodes = {{.id = 3, .first = 0, .rows = 4}, {.id = 5, .first = 4, .rows = 4}};
  bank.pictures = at::zeros({8, 3, kBankSize, kBankSize}, at::kByte);
  bank.actions = at::zeros({8, 2});
  bank.actions[5][1] = NAN;
  return bank;
}

Tensor row(std::vector<double> values) { return torch::tensor(values, at::kDouble); }

struct NearestWayTest : ::testing::Test {
  std::optional<RecordedWay> way(const std::vector<double>& now, const std::vector<double>& goal, int64_t longest = 9,
                                 std::optional<uint64_t> without = {}) const {
    return nearest_way(bank, row(now), row(goal), longest, without);
  }
  const PictureBank bank = two_episodes();
};

TEST_F(NearestWayTest, IsTheBestPairOfOneEpisodeInTheOrderOfTime) {
  // The nearest goal, row 4, lies in another episode than the nearest start, row 1; row 0 lies before it.
  const auto found = way({5, 0, 5, 5, 5, 5, 5, 5}, {1, 9, 9, 2, 0, 9, 9, 9});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first, 1);
  EXPECT_EQ(found->last, 3);
}

TEST_F(NearestWayTest, LeavesTheStartsOwnEpisodeOut) {
  const auto found = way({5, 0, 5, 5, 5, 5, 4, 5}, {9, 9, 9, 2, 9, 9, 9, 9}, 9, 3);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first, 6);
  EXPECT_EQ(found->last, 7);
}

TEST_F(NearestWayTest, NeverRunsOverARowWithoutAnAction) {
  const auto found = way({9, 9, 9, 9, 0, 9, 3, 9}, {9, 9, 9, 9, 9, 9, 9, 0});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first, 6) << "row 4 is nearer, and row 5 lies between";
}

TEST_F(NearestWayTest, IsNoLongerThanTheRestOfTheBudget) {
  const auto found = way({0, 4, 3, 9, 9, 9, 9, 9}, {9, 9, 9, 0, 9, 9, 9, 9}, 2);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first, 2);
}

/// Training episodes of Two-Room, and starts with goals to the right in the same room.
struct TwoRoomBaselines : ::testing::Test {
  TwoRoomBaselines() {
    CollectConfig collect = usual_collection("two_room");
    collect.seed = 4;
    auto made = std::make_shared<PictureBank>(
        picture_bank(data::EpisodeDataset(generate_episodes(collect, /*count=*/40)), "episodes of this test", {}));
    bank = made;
    for (int64_t i = 0; i < 8; ++i) {
      const double y = 60 + 14.0 * static_cast<double>(i);
      starts.push_back({.state = {30, y}, .goal = {80, y}});
    }
  }
  int64_t solved(const MethodFactory& method) const {
    const auto trials = run_trials(*make_env("two_room"), starts, method, {.budget = 50, .group = 4});
    return std::count_if(trials.begin(), trials.end(), [](const Trial& trial) { return trial.success; });
  }
  std::shared_ptr<const PictureBank> bank;
  std::vector<Start> starts;
};

TEST_F(TwoRoomBaselines, KnowTrainingEpisodesAlone) {
  ASSERT_FALSE(bank->episodes.empty());
  for (const auto& episode : bank->episodes) EXPECT_FALSE(data::held_out(episode.id));
  EXPECT_EQ(bank->pictures.size(0), bank->actions.size(0));
}

TEST_F(TwoRoomBaselines, NearestNeighbourReachesGoalsThatWereReached) {
  EXPECT_GE(solved(nearest_neighbour_method(bank, 50, {})), 5);
}

TEST_F(TwoRoomBaselines, CloningActsByItsPolicyWithinTheLimits) {
  const auto method = cloning_method([](const Tensor& now, const Tensor& goal) {
    EXPECT_EQ(now.sizes(), goal.sizes());
    return at::tensor({7.0, 0.0}).expand({now.size(0), 2});
  });
  const auto trials = run_trials(*make_env("two_room"), starts, method, {.budget = 2, .group = 4});
  EXPECT_NEAR(trials.front().path[1][0] - trials.front().path[0][0], 5, 1e-4) << "at full speed, and no faster";
}

}  // namespace
}  // namespace foresee::planner
