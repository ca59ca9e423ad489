#pragma once

#include <span>
#include <vector>

#include "jepa/model/lewm/lewm.h"
#include "jepa/nn/fast/packed_adaln.h"

namespace foresee {

/// Roll-outs of a fixed LeWM for search, on the CPU in float32 and without gradients; the same numbers as
/// LewmImpl::rollout up to rounding. What makes it fast:
/// - the action's modulations of all layers are one product per new action, used by every step that sees the action;
/// - while the window grows, positions stay, so keys and values of earlier tokens are kept and only the new token runs
///   (once the window slides, every position changes, and all tokens run again);
/// - what all candidates share (the history and its actions) runs once per problem;
/// - the last block's attention and MLP run for the newest token alone;
/// - BatchNorm is folded into the layer before it;
/// - each thread takes a tile of candidates whose activations stay in its cache.
class LewmRollout {
 public:
  /// Copies and folds the weights. @pre the model lies on the CPU.
  explicit LewmRollout(const Lewm& model);

  /// Encoded histories and what follows from them for every candidate.
  struct Prefix {
    Tensor embeddings;                // float [B, F, embedding], 1 <= F <= window
    Tensor past;                      // float [B, F - 1, layers * 6 * width]: modulations of the executed actions
    std::vector<Tensor> projections;  // per layer float [B, F - 1, 3 * inner]: queries, keys, values before the newest
    Prefix rows(const Tensor& index) const;
  };
  /// @param actions  float [B, F - 1, action_block], normalised: what was executed between the frames.
  Prefix prefix(const Tensor& embeddings, const Tensor& actions) const;

  /// Predictions of candidates. @param actions  float [B, K, H, action_block], normalised.
  /// @returns float [B, K, H, embedding].
  Tensor predictions(const Prefix& prefix, const Tensor& actions) const;
  /// The last prediction alone. @returns float [B, K, embedding].
  Tensor last_prediction(const Prefix& prefix, const Tensor& actions) const;

 private:
  using Projections = std::vector<std::vector<Tensor>>;  // [block][position] of [N, 3 * inner]

  Tensor modulations(const Tensor& actions) const;                // [N, A] -> [N, layers * 6 * width]
  Tensor input(const Tensor& embedding, int64_t position) const;  // [N, embedding] -> [N, width]
  Tensor advance(std::vector<Tensor> tokens, std::span<const Tensor> modulation, Projections& known) const;
  Tensor head(const Tensor& x) const;  // [N, width] -> [N, embedding]
  void run_tile(const Prefix& prefix, const Tensor& actions, int64_t begin, int64_t end, bool all, Tensor& out) const;
  Tensor run(const Prefix& prefix, const Tensor& actions, bool all) const;

  LewmPredictorConfig config_;
  Affine smooth_, action_in_, action_out_, condition_, input_, output_;
  Tensor positions_;  // [frames, embedding]
  Tensor modulation_weight_, modulation_bias_;
  std::vector<PackedAdaLnBlock> blocks_;
  Tensor norm_weight_, norm_bias_;
  Affine head_in_, head_out_;
};

}  // namespace foresee
