#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "jepa/core/random.h"
#include "jepa/model/lewm/lewm.h"

namespace foresee {

/// Embeddings of recorded episodes, computed once by the model that stays as it is.
struct LatentEpisodes {
  Tensor embeddings;            // float [R, D]: rows of all episodes, one episode after the other
  Tensor actions;               // float [R, A], normalised, NaN -> 0; the one that leaves the row
  std::vector<int64_t> length;  // rows of each episode
  std::function<Tensor(const Tensor& rows)> pictures{};  // int64 [N] -> uint8 [N, 3, H, W]; for the decoder
};

/// N pairs of rows of one episode each: a row and its goal, `blocks` action blocks later.
struct HindsightPairs {
  Tensor rows, goals, blocks;  // int64 [N]
};

/// Draws pairs: the row uniformly among those with a block left in their episode, then the number of blocks uniformly
/// over the rest of it. A pure function of (episodes, draws).
class HindsightSampler {
 public:
  /// @param block  rows of an action block. @throws DataError when no episode is longer than a block.
  HindsightSampler(const std::vector<int64_t>& lengths, int64_t block);
  HindsightPairs draw(const Random& draws, int64_t count) const;

 private:
  int64_t block_;
  std::vector<int64_t> rows_, left_;  // of every row that can begin a pair
};

/// Losses of the heads that a LeWM has, scalars with their graph; undefined: it has no such head.
struct LewmHeadsLosses {
  Tensor total;       // their sum
  Tensor inverse{};   // mean squared error of the action block
  Tensor distance{};  // that of log(1 + blocks); a sixteenth of the pairs are a row and itself
  Tensor picture{};   // that of the decoded picture, [0, 1]
};
/// @param block  rows of an action block. @param pictures  pairs whose first row is decoded, at most.
LewmHeadsLosses heads_losses(const Lewm& model, const LatentEpisodes& episodes, const HindsightPairs& pairs,
                             int64_t block, int64_t pictures);

/// The normalised block that leaves each row. @returns float [N, action_block].
Tensor action_blocks(const LatentEpisodes& episodes, const Tensor& rows, int64_t block);
/// What the distance head predicts: log(1 + blocks).
Tensor log_blocks(const Tensor& blocks);
/// Mean squared error of the decoded pictures of rows.
Tensor picture_error(const Lewm& model, const LatentEpisodes& episodes, const Tensor& rows);

}  // namespace foresee
