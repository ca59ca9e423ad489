#pragma once

#include <optional>
#include <span>
#include <vector>

#include "jepa/core/watch/metrics.h"
#include "jepa/loss/collapse.h"
#include "jepa/train/masked/step.h"

namespace foresee {

/// Held-out clips with masks that never change, in batches.
using PretrainEvaluation = std::vector<PretrainBucket>;

/// Draws fixed masks for held-out clips.
/// @param clips  float [E, 3, T, H, W], normalised, on the device of the networks.
/// @param batch  clips of a batch; masks of one batch are cut to one length.
PretrainEvaluation make_evaluation(const Tensor& clips, std::span<const MaskConfig> masks, const TubeletSize& tubelet,
                                   int64_t batch, uint64_t seed);

/// How well masked tokens of held-out clips are predicted, and whether the features still tell anything apart. A loss
/// falls also where features collapse; so do skills against a baseline that collapses with them. The spread between
/// clips and the retrieval do not.
struct PretrainScore {
  double l1_model = 0;        // mean |prediction - target|, averaged over mask groups and batches
  double l1_baseline = 0;     // the same of the mean of the clip's context positions in the target encoder's features
  double l1_constant = 0;     // the same of the best constant: at each position the median over the held-out clips
  double effective_rank = 0;  // of all target tokens (jepa/loss/collapse.h: entropy of the covariance's eigenvalues)
  double mean_std = 0;        // of all target tokens: std of a dimension, averaged
  FeatureSpread spread{};     // of the target tokens; zero for one clip
  std::optional<double> retrieval{};  // of a clip by its other crop, among the held-out ones
  int64_t clips = 0;                  // held out; retrieval by chance is 1 / clips

  /// 1: perfect, 0: no better than the mean of the context, negative: worse.
  double skill() const { return l1_baseline > 0 ? 1.0 - l1_model / l1_baseline : 0.0; }
  /// The same against the best constant.
  double skill_constant() const { return l1_constant > 0 ? 1.0 - l1_model / l1_constant : 0.0; }
  /// "skill", "skill_constant", "l1_model", "l1_baseline", "l1_constant", "effective_rank", "mean_std",
  /// "between_clips", "between_positions", "rank_clips", "rank_positions" and, where there is one, "retrieval" with
  /// "retrieval_chance".
  Metrics metrics() const;
};

/// Scores the present weights; changes nothing. Targets are layer-normed target-encoder tokens, as in training.
/// @param other_crops  of the clips of `held_out`, in their order: float [E, 3, T, H, W]; undefined: no retrieval.
/// @param objective  of the training: its target_levels and steady.
PretrainScore evaluate_pretraining(const MaskedPretrainer& networks, const PretrainEvaluation& held_out,
                                   const Tensor& other_crops = {}, const PretrainObjective& objective = {});

/// Whether features have collapsed. One of these is below half of what it was before training: the share of what
/// differs between clips at a place, the directions in which that lies (effective rank), or the product of share and
/// directions of what differs between the positions of a clip. The last is the surest where clips differ in brightness:
/// features of one direction that follow it keep their share between clips and are easy to predict, and their rank
/// wanders; but they lose the places of a clip, first in directions, then in share.
/// @param before  whether they had collapsed at the last evaluation: the bound is then three quarters instead of half.
bool has_collapsed(const FeatureSpread& start, const FeatureSpread& now, bool before = false);
/// What to say then: the numbers, and the keys that help.
std::string collapse_text(const FeatureSpread& start, const FeatureSpread& now);

}  // namespace foresee
