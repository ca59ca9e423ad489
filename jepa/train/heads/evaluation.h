#pragma once

#include "jepa/core/watch/metrics.h"
#include "jepa/train/heads/step.h"

namespace foresee {

/// What the present heads are worth on held-out episodes, without changing them: inverse_skill and distance_skill,
/// 1 - error / variance (0: as good as the mean), distance_error in blocks (mean absolute), picture_psnr in dB. Names
/// begin with "held_out_". Empty where there are no episodes.
/// @param block  rows of an action block. @param count  pairs, the same in every evaluation of a seed.
Metrics evaluate_heads(const Lewm& model, const LatentEpisodes& held_out, int64_t block, int64_t count, uint64_t seed);

}  // namespace foresee
