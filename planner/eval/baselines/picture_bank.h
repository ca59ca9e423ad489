#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/episode/dataset.h"
#include "jepa/core/api/job.h"
#include "jepa/core/tensor.h"

namespace foresee::planner {

/// Height and width of the pictures that baselines without a world model look at, and of those they are made of.
inline constexpr int64_t kBankSize = 32, kRenderedSize = 64;

/// The training episodes that such baselines know: small pictures, and the action that leaves each.
struct PictureBank {
  struct Episode {
    uint64_t id = 0;
    int64_t first = 0, rows = 0;  // its place among all rows
  };
  std::vector<Episode> episodes;
  Tensor pictures;     // uint8 [N, 3, kBankSize, kBankSize]
  Tensor actions;      // float [N, A], environment units; NaN where there is none
  std::string origin;  // which episodes, in words

  /// Whether a row has an action, all of it finite: bool [N].
  Tensor acts() const;
};

/// Pictures of any size, each number the mean of what it covers. @param frames  uint8 [N, 3, H, W].
Tensor small_pictures(const Tensor& frames);

/// Takes the training episodes of a set, as many as fit into 50,000 rows. @param origin  what the set is, in words.
/// @throws DataError where no episode has two rows; Interrupted.
PictureBank picture_bank(const data::EpisodeDataset& episodes, const std::string& origin, const JobControl& control);

}  // namespace foresee::planner
