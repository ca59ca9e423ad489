#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "planner/eval/baselines/picture_bank.h"
#include "planner/eval/runner.h"

namespace foresee::planner {

/// A part of a recorded episode: rows first .. last of the bank, whose actions lead from one picture to the other.
struct RecordedWay {
  int64_t first = 0, last = 0;
};

/// The part of an episode whose first picture looks most like `now` and whose last most like `goal`: the smallest sum
/// of the two squared distances over all pairs of rows of one episode, at most `longest` rows apart.
/// @param now, goal  double [N], squared distances of every row. @param without  an episode that is left out.
/// @returns nothing where no pair has finite actions between.
std::optional<RecordedWay> nearest_way(const PictureBank& bank, const Tensor& now, const Tensor& goal, int64_t longest,
                                       std::optional<uint64_t> without = {});

/// Replays the recorded way that looks most like the one that is asked for, then looks again: what data alone give.
/// @param budget  environment steps an episode. @param recorded  the starts, where they are rows of the bank's own set:
/// the episode of a start is left out for it; outlives the result.
MethodFactory nearest_neighbour_method(std::shared_ptr<const PictureBank> bank, int64_t budget,
                                       std::span<const Start> recorded);

}  // namespace foresee::planner
