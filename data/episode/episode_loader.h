#pragma once

#include <cstdint>
#include <memory>

#include "data/episode/dataset.h"

namespace foresee::data {

/// How clips become batches.
struct LoaderConfig {
  int64_t batch = 64;
  uint64_t seed = 0;
  Split split = Split::kTrain;
  int64_t prefetch = 4;  // batches read ahead by a background thread; 0: read when asked for
  int64_t threads = 1;   // that share the clips of a batch
};

/// Shuffled batches of clips. Batch `step` is a pure function of (dataset, shape, seed, step): epoch step /
/// steps_per_epoch goes through one permutation of all clips, and the last, incomplete batch of an epoch is left out. A
/// resumed run asks for the next step and gets what the uninterrupted one would have got. Where the pictures of a clip
/// cannot be read (and are not in memory: else its episode was left out before), the next clip that can be read stands
/// in for it, every time; one line names the first. With EpisodeDataset::strict() it is an error.
class EpisodeLoader {
 public:
  /// @param dataset  outlives the loader. @throws DataError when there are fewer clips than a batch holds.
  EpisodeLoader(const EpisodeDataset& dataset, ClipShape shape, LoaderConfig config);
  ~EpisodeLoader();
  EpisodeLoader(EpisodeLoader&&) noexcept;

  int64_t clips() const;
  int64_t steps_per_epoch() const;
  /// The batch of a step. Asked for in order, it was read ahead; any other step is read now, and reading ahead goes on
  /// from there. @throws what reading threw.
  ClipBatch batch(int64_t step);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foresee::data
