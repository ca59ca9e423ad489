#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "jepa/model/lewm/heads.h"
#include "jepa/model/lewm/predictor.h"
#include "jepa/model/lewm/prefix.h"
#include "jepa/model/lewm/projector.h"
#include "jepa/model/lewm/vit.h"

namespace foresee {

/// LeWorldModel (arXiv 2603.19312): a small ViT and an action-conditioned predictor in latent space, trained together.
/// Tensor names are those of stable-worldmodel's released checkpoints; options that those do not have (prefix
/// predictor, proprioception, heads) add tensors of their own.
struct LewmImpl : torch::nn::Module {
  explicit LewmImpl(const LewmConfig& config);

  /// Embeddings of pictures. @param frames  uint8 [N, 3, H, W]. @param state  float [N, proprioception], as recorded;
  /// undefined for a model without. @returns float [N, embedding].
  /// In training mode BatchNorm uses the statistics of these N pictures.
  Tensor embed(const Tensor& frames, const Preprocess& preprocess, const Tensor& state = {}) const;
  /// What proprioception is z-scored with; kept with the weights. @pre proprioception > 0.
  void set_proprioception_statistics(const std::vector<double>& mean, const std::vector<double>& std);
  /// @param actions  float [..., action_block], normalised, without NaN. @returns float [..., embedding].
  Tensor embed_actions(const Tensor& actions) const;
  /// The next embedding after each frame of a history. @param embeddings  float [B, T, embedding], T <= frames.
  /// @param actions  float [B, T, embedding], embedded. @param dropout  null: none. @returns float [B, T, embedding].
  Tensor predict(const Tensor& embeddings, const Tensor& actions, Dropout* dropout = nullptr) const;
  /// Predicts block after block with a sliding window, each step from its own predictions.
  /// A prefix predictor starts from the newest frame and reaches predictor.horizon blocks a pass.
  /// @param embeddings  float [B, F, embedding], history. @param actions  float [B, F - 1 + H, action_block],
  /// normalised: those that were executed, then the plan. @returns float [B, F + H, embedding]: history, then
  /// predictions.
  /// @param dropout  null: none.
  Tensor rollout(const Tensor& embeddings, const Tensor& actions, Dropout* dropout = nullptr) const;
  /// What follows each prefix of the actions, in one pass (predictor.kind prefix).
  /// @param state  float [N, embedding]. @param actions  float [N, H, embedding], embedded, H <= predictor.horizon.
  /// @returns float [N, H, embedding].
  Tensor predict_prefixes(const Tensor& state, const Tensor& actions, Dropout* dropout = nullptr) const;

  const LewmConfig config;
  LewmVit vit;
  Projector projector, prediction_projector;
  Tensor action_weight, action_bias;  // Conv1d with kernel 1: [smoothed, block, 1]
  Affine action_in, action_out;
  std::optional<LewmPredictor> predictor;     // kind recursive
  std::optional<LewmPrefixPredictor> prefix;  // kind prefix
  Affine state_in, state_out;                 // proprioception, else undefined
  Tensor state_mean, state_std;               // buffers [proprioception]
  std::optional<InverseHead> inverse;         // Note [Heads of LeWM]
  std::optional<DistanceHead> distance;
  std::optional<PictureDecoder> decoder;
};
TORCH_MODULE(Lewm);

/// Fills all parameters as upstream's constructors do: ViT normal with std 0.02 and zero biases, linear layers uniform
/// within 1/sqrt(inputs), positions of the predictor standard normal, AdaLN zero, norms one. A function of the seed.
void initialise(Lewm& model, uint64_t seed);

/// Renames ViT tensors that carry the names of transformers 5 ("encoder.layers.0.attention.q_proj.weight") to those of
/// transformers 4, which released checkpoints and this program use. Other names stay.
TensorMap with_transformers4_names(const TensorMap& tensors);
/// The inverse: what transformers 5 and a stable-worldmodel on it read.
TensorMap with_transformers5_names(const TensorMap& tensors);

}  // namespace foresee
