#pragma once

#include <span>
#include <vector>

#include "jepa/core/watch/metrics.h"
#include "jepa/train/masked/step.h"

namespace foresee {

/// Held-out clips with masks that never change, in batches.
using PretrainEvaluation = std::vector<PretrainBucket>;

/// Draws fixed masks for held-out clips.
/// @param clips  float [E, 3, T, H, W], normalised, on the device of the networks.
/// @param batch  clips of a batch; masks of one batch are cut to one length.
PretrainEvaluation make_evaluation(const Tensor& clips, std::span<const MaskConfig> masks, const TubeletSize& tubelet,
                                   int64_t batch, uint64_t seed);

/// How well masked tokens of held-out clips are predicted, and whether the features still tell anything apart.
struct PretrainScore {
  double l1_model = 0;        // mean |prediction - target|, averaged over mask groups and batches
  double l1_baseline = 0;     // the same of the mean of the clip's context positions in the target encoder's features
  double effective_rank = 0;  // of all target tokens (jepa/loss/collapse.h: entropy of the covariance's eigenvalues)
  double mean_std = 0;        // of all target tokens: std of a dimension, averaged

  /// 1: perfect, 0: no better than the baseline, negative: worse.
  double skill() const { return l1_baseline > 0 ? 1.0 - l1_model / l1_baseline : 0.0; }
  /// "skill", "l1_model", "l1_baseline", "effective_rank", "mean_std".
  Metrics metrics() const;
};

/// Scores the present weights; changes nothing. Targets are layer-normed target-encoder tokens, as in training.
PretrainScore evaluate_pretraining(const MaskedPretrainer& networks, const PretrainEvaluation& held_out);

}  // namespace foresee
