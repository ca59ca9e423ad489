#pragma once

#include "jepa/core/metrics.h"
#include "jepa/model/lewm_loss.h"

namespace foresee {

/// Sequences that training never saw.
struct LewmHeldOut {
  Tensor frames;   // uint8 [E, T, 3, H, W]; frames lie one action block apart; undefined: no evaluation
  Tensor actions;  // float [E, T, action_block], normalised, NaN -> 0; block t leaves frame t
  Tensor state;    // float [E, T, S], what a probe should find in the embedding (agent position); may be undefined
};

/// What the present weights are worth on held-out sequences, without changing them.
/// - prediction_loss, sigreg: the two losses, with running BatchNorm statistics and fixed directions;
/// - skill_h: 1 - |prediction - truth|^2 / |last seen - truth|^2 after h blocks of roll-out from a full history
///   (1 perfect, 0 as good as predicting that nothing changes);
/// - effective_rank of the embeddings (collapse: 1);
/// - probe_r: correlation of a ridge regression from embedding to state, fitted on one half of the sequences, measured
///   on the other, averaged over the state's numbers.
/// Names begin with "held_out_". Empty where there are no sequences.
Metrics evaluate_lewm(Lewm& model, const Preprocess& preprocess, const LewmHeldOut& data, const LewmLossConfig& loss,
                      uint64_t seed);

/// Pearson correlation of a ridge regression's predictions with the truth, per target.
/// @param train_x, test_x  float [N, D]. @param train_y, test_y  float [N, S]. @returns double [S].
Tensor ridge_correlation(const Tensor& train_x, const Tensor& train_y, const Tensor& test_x, const Tensor& test_y);

}  // namespace foresee
