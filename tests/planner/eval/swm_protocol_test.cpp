// Protocol swm: the rows that Python draws, the states and pictures of the data set, and nothing excluded.
#include "planner/eval/swm_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "jepa/core/error.h"
#include "planner/env/two_room/two_room.h"
#include "planner/eval/numpy_choice.h"

namespace foresee::planner {
namespace {

using ::testing::ElementsAre;

// Recorded with NumPy 2.4: numpy.sort(numpy.random.default_rng(SEED).choice(N, size=K, replace=False)).
TEST(NumpyChoice, IsNumpysForFewOfMany) {
  EXPECT_THAT(numpy_choice(42, 100, 10), ElementsAre(8, 9, 19, 41, 60, 68, 71, 82, 94, 96));
  const auto rows = numpy_choice(42, 65899, 50);
  EXPECT_THAT(std::vector<int64_t>(rows.begin(), rows.begin() + 5), ElementsAre(4204, 4475, 5660, 5877, 6070));
  EXPECT_EQ(std::accumulate(rows.begin(), rows.end(), int64_t{0}), 1782800);
  const auto many = numpy_choice(3072, 2092476, 20);
  EXPECT_EQ(std::accumulate(many.begin(), many.end(), int64_t{0}), 18533528);
}

TEST(NumpyChoice, IsNumpysForALargeShareOfMany) {
  const auto rows = numpy_choice(0, 20000, 1200);
  EXPECT_THAT(std::vector<int64_t>(rows.begin(), rows.begin() + 5), ElementsAre(5, 54, 68, 94, 104));
  EXPECT_EQ(std::accumulate(rows.begin(), rows.end(), int64_t{0}), 12255097);
}

TEST(NumpyChoice, TakesAllOfAll) {
  EXPECT_THAT(numpy_choice(7, 5, 5), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_TRUE(numpy_choice(7, 5, 0).empty());
  EXPECT_THROW(numpy_choice(7, 5, 6), Error);
}

const Environment& two_room() {
  static const EnvConfig variation;
  return variation.environment("two_room");
}

/// Walks of 30 rows, one pixel of the state a row; episode i is at y = 30 + i. Pictures hold the row's number.
data::EpisodeDataset walks(int64_t episodes, const char* column = "proprio") {
  std::vector<data::Episode> list;
  for (int64_t i = 0; i < episodes; ++i) {
    data::Episode episode;
    episode.id = static_cast<uint64_t>(100 + i);
    episode.frames = at::arange(30, at::kByte).view({30, 1, 1, 1}).expand({30, 8, 8, 3}).contiguous();
    const Tensor x = at::arange(30, at::kFloat) + 30, y = at::full({30}, static_cast<float>(30 + i));
    episode.columns[column] = at::stack({x, y}, 1);
    episode.columns["action"] = at::stack({x, y}, 1);
    list.push_back(std::move(episode));
  }
  return data::EpisodeDataset(std::move(list));
}

TEST(SwmProtocol, StartsAreTheDrawnRowsWithRecordedStatesAndPictures) {
  const auto dataset = walks(4);
  const StartSet set = swm_starts(dataset, TwoRoom(), two_room(), {}, 42, 10, 20, 8);
  ASSERT_EQ(set.starts.size(), 10u);
  const auto rows = numpy_choice(42, 4 * 10, 10);  // rows 0 .. 9 of every episode have a goal 20 later
  for (size_t i = 0; i < 10; ++i) {
    const Start& start = set.starts[i];
    const int64_t episode = rows[i] / 10, row = rows[i] % 10;
    EXPECT_EQ(start.episode, 100 + episode);
    EXPECT_EQ(start.row, row);
    EXPECT_THAT(start.state, ElementsAre(30 + row, 30 + episode));
    EXPECT_THAT(start.goal, ElementsAre(50 + row, 30 + episode));
    EXPECT_EQ(start.picture[0][0][0].item<int64_t>(), row);
    EXPECT_EQ(start.goal_picture[0][0][0].item<int64_t>(), row + 20);
  }
}

TEST(SwmProtocol, KeepsAndCountsStartsThatAreSolved) {
  const StartSet set = swm_starts(walks(2), TwoRoom(), two_room(), {}, 1, 12, 5, 8);  // 5 pixels: within 16
  EXPECT_EQ(set.starts.size(), 12u);
  EXPECT_EQ(set.solved_at_start, 12);
  EXPECT_EQ(set.excluded_solved, 0);
}

TEST(SwmProtocol, ReleaseTakesTheGoalOneRowEarlier) {
  const StartSet set = swm_starts(walks(4), TwoRoom(), two_room(), {.release = true, .starts = {}}, 42, 5, 20, 8);
  for (const Start& start : set.starts) EXPECT_EQ(start.goal[0] - start.state[0], 19);
}

TEST(SwmProtocol, RefusesDataThatDoNotFit) {
  EXPECT_THROW(swm_starts(walks(2), TwoRoom(), two_room(), {}, 1, 5, 20, 16), DataError);          // picture size
  EXPECT_THROW(swm_starts(walks(2), TwoRoom(), two_room(), {}, 1, 21, 20, 8), DataError);          // too few rows
  EXPECT_THROW(swm_starts(walks(2, "other"), TwoRoom(), two_room(), {}, 1, 5, 20, 8), DataError);  // no state
}

TEST(SwmProtocol, ActionsAreNormalisedByAllRows) {
  const ActionSpec spec = swm_actions(walks(3), 5);
  EXPECT_EQ(spec.block_size(), 10);
  EXPECT_NEAR(spec.mean[0], 44.5, 1e-6);
  EXPECT_NEAR(spec.mean[1], 31, 1e-6);  // held-out episodes count, too
  EXPECT_NEAR(spec.std[0], std::sqrt((900 - 1) / 12.0), 1e-6);
}

}  // namespace
}  // namespace foresee::planner
