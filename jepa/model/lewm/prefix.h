#pragma once

#include <string>
#include <vector>

#include "jepa/model/lewm/config.h"
#include "jepa/nn/affine.h"
#include "jepa/nn/dropout.h"

namespace foresee {

/// The predictor of Fast-LeWM (arXiv 2606.26217): every horizon in one pass instead of one block after the other.
///
///   c_0 .. c_H = CausalTransformer([z, a_1, .., a_H])           c_h knows the state and the first h blocks
///   x_h = z;  x_h += gate_h * MLP(LN(x_h) (1 + scale_h) + shift_h), `layers` times, modulated by c_h (AdaLN)
///
/// x_h, normed, is what follows the state after the first h blocks. Gates start at zero: at first nothing changes.
class LewmPrefixPredictor {
 public:
  /// Registers the tensors below `path` of `module`. @param embedding  width of embeddings and action embeddings.
  LewmPrefixPredictor(torch::nn::Module& module, const std::string& path, const LewmPredictorConfig& config,
                      int64_t embedding);

  /// What follows each prefix of the actions, before the prediction's projection.
  /// @param state  float [N, embedding]. @param actions  float [N, H, embedding], embedded, H <= horizon.
  /// @param dropout  null: none. @returns float [N, H, embedding].
  Tensor forward(const Tensor& state, const Tensor& actions, Dropout* dropout) const;

  const LewmPredictorConfig config;

 private:
  struct Block {
    Affine attention_norm, qkv, attention_out, mlp_norm, mlp_in, mlp_out;
  };
  struct Residual {
    Affine adaln, mlp_in, mlp_out;
  };
  Tensor prefixes(const Tensor& state, const Tensor& actions, Dropout* dropout) const;

  Tensor positions_;  // [1, 1 + horizon, width]
  Affine state_in_, action_in_, prefix_norm_, residual_in_, norm_, out_;
  std::vector<Block> blocks_;
  std::vector<Residual> residuals_;
};

}  // namespace foresee
