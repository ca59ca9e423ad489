#pragma once

#include "jepa/core/tensor.h"

namespace foresee {

// Diagnostics of collapse: an encoder that maps everything to (nearly) one point or line makes prediction trivial.

/// Effective rank (Roy & Vetterli 2007) of the covariance of a set of features: exp of the entropy of its singular
/// values
/// (= eigenvalues = variances along the principal axes), normalised to sum 1. It counts the dimensions that carry the
/// variance; many directions of faint noise count little. Between 1 (all on a line; 0 when all are equal) and
/// min(N - 1, D).
/// @param features  float [..., D]; leading axes are samples.
double effective_rank(const Tensor& features);

/// Standard deviation over the samples, averaged over the dimensions; 0: collapsed to a point.
/// @param features  float [..., D].
double mean_std(const Tensor& features);

/// Where the variance of the tokens of several clips lies. A spread over all tokens hides a network whose tokens tell
/// their place and nothing of the clip; these do not. Shares are of a token's mean squared norm.
struct FeatureSpread {
  double between_clips = 0;      // share of the variance over the clips at a fixed position, mean over positions
  double between_positions = 0;  // share of the variance over the positions inside a clip, mean over clips
  double rank_clips = 0;         // effective rank of what differs between clips at a position
  double rank_positions = 0;     // of what differs between positions inside a clip
};
/// @param tokens  float [E, N, D], E clips of N positions, both at least 2. Variances are unbiased.
FeatureSpread feature_spread(const Tensor& tokens);

/// How often a clip's other view is its nearest neighbour among those of all clips: cosine of the features less their
/// mean over the clips. By chance 1 / E.
/// @param views, others  float [E, D], E at least 2; row i of both shows the same clip.
double retrieval(const Tensor& views, const Tensor& others);

}  // namespace foresee
