#pragma once

#include <cstdint>

namespace foresee::data {

/// Which episodes of a set.
enum class Split { kTrain, kHeldOut, kAll };

/// Whether an episode is kept from training: a tenth of the ids, by a hash, so that it holds for every file, order and
/// number of episodes. The one rule of training and evaluation alike.
bool held_out(uint64_t episode_id);

/// Whether the episode belongs to the split.
bool in_split(uint64_t episode_id, Split split);

}  // namespace foresee::data
