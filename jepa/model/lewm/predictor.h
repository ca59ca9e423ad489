#pragma once

#include <string>
#include <vector>

#include "jepa/model/lewm/config.h"
#include "jepa/nn/adaln.h"

namespace foresee {

/// The predictor of LeWM: learned positions, causal AdaLN blocks, last norm
/// (stable_worldmodel.wm.lewm.module.Predictor and Transformer).
class LewmPredictor {
 public:
  /// Registers the tensors below `path` of `module`. @param embedding  width of embeddings and action embeddings.
  LewmPredictor(torch::nn::Module& module, const std::string& path, const LewmPredictorConfig& config,
                int64_t embedding);

  /// What follows each frame, before the prediction's projection.
  /// @param embeddings  float [B, T, embedding], T <= frames, oldest first at position 0.
  /// @param actions  float [B, T, embedding], embedded block t leaves frame t.
  /// @param dropout  null: none. @returns float [B, T, embedding].
  Tensor forward(const Tensor& embeddings, const Tensor& actions, Dropout* dropout) const;

  const LewmPredictorConfig config;
  Tensor positions;                                                  // [1, frames, embedding]
  Affine input_projection, condition_projection, output_projection;  // undefined where widths agree
  std::vector<AdaLnBlock> blocks;
  Affine norm;
};

}  // namespace foresee
