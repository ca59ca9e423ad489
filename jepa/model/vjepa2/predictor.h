#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <span>
#include <vector>

#include "jepa/core/config.h"
#include "jepa/model/vjepa2/encoder.h"

namespace foresee {

/// Architecture of the mask-token predictor. Defaults: the released V-JEPA 2 models.
struct MaskedPredictorConfig {
  int64_t width = 384, depth = 12, heads = 12;
  double mlp_ratio = 4.0;
  int64_t mask_tokens = 10;           // learned tokens that stand for a target; a call uses one of them
  bool zero_init_mask_tokens = true;  // upstream's published configs
  double layer_norm_eps = 1e-6;
  bool qkv_bias = true;
  // V-JEPA 2.1's deep supervision (arXiv 2603.14482; app/vjepa_2_1/models/predictor.py): features of so many depths of
  // the encoder come in side by side, through a perceptron of one hidden layer, and all of them go out. 1: the last
  // alone, through a linear map, as V-JEPA 2.
  int64_t levels = 1;
  bool context_output = false;  // whether context tokens have an output layer of their own, as in V-JEPA 2.1

  /// The encoder's blocks whose features it takes: evenly spaced, the last among them; none for one level.
  std::vector<int64_t> layers(int64_t encoder_depth) const;
  BlockSizes block() const;
  /// @param encoder_width  features of the encoder's tokens.
  int64_t parameter_count(int64_t encoder_width) const;
  void validate() const;
};
void describe(Fields& fields, MaskedPredictorConfig& config);

/// What is seen of a batch of clips under one mask, and what is asked for.
struct MaskedQuery {
  Tensor context;      // float [B, Nc, levels * D], encoder features after its final norm
  Tensor context_ids;  // int64 [B, Nc]
  Tensor target_ids;   // int64 [B, Nt]; may overlap the context
};

/// Predicts the features of masked tokens from context tokens (VisionTransformerPredictor); names as upstream.
/// Weights are zero until initialise() or load_state_dict().
class MaskedPredictor : public torch::nn::Module {
 public:
  /// @param encoder  whose features come in and go out. Positions use its training crop's square grid whatever the
  /// clip's size, as upstream: a clip of another size gets other rows and columns here than in the encoder.
  MaskedPredictor(const MaskedPredictorConfig& config, const VideoEncoderConfig& encoder);

  void initialise(uint64_t seed);

  /// @param mask_index  which mask token, modulo their number. Upstream trains 0 (its index is the frames-per-clip
  /// group, and there is one) but infers with 1, which in the released weights is a zero vector.
  /// @returns float [B, Nt, levels * D] for each query, in the order of its target_ids.
  /// @param with_context  also gives the context's own features: [B, Nc + Nt, levels * D] each, the context's first.
  std::vector<Tensor> forward(std::span<const MaskedQuery> queries, int64_t mask_index,
                              bool with_context = false) const;
  /// The same of one query.
  Tensor forward(const Tensor& context, const Tensor& context_ids, const Tensor& target_ids, int64_t mask_index) const;

  const MaskedPredictorConfig config;

 private:
  const int64_t grid_side_;
  const RopeAngles rope_angles_;
  Tensor embedded(const Tensor& context) const;

  Affine embed_hidden_;  // several levels only
  Affine embed_;
  std::vector<Tensor> mask_tokens_;  // [1, 1, width] each
  std::vector<Block> blocks_;
  Affine norm_, proj_, proj_context_;  // the last with context_output only
};

inline constexpr int64_t kTrainingMaskIndex = 0, kInferenceMaskIndex = 1;

}  // namespace foresee
