#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <string>
#include <vector>

#include "jepa/core/config.h"
#include "jepa/nn/block.h"

namespace foresee {

/// Architecture of an attentive probe. Defaults: V-JEPA 2's frozen evaluations (facebookresearch/vjepa2
/// evals/video_classification_frozen). transformers' classifier has the encoder's heads and layer_norm_eps instead
/// (22 and 1e-6 for ViT-g, where the official probe has 16 and 1e-5), but the same mlp_ratio of 4 whatever its
/// config.json says.
struct ProbeConfig {
  int64_t width = 1024;  // of the tokens
  int64_t heads = 16;    // in the published probes of every encoder
  int64_t depth = 4;     // blocks: depth - 1 of self-attention and one of cross-attention
  double mlp_ratio = 4.0;
  double layer_norm_eps = 1e-5;
  bool qkv_bias = true;
  /// One learned query and one linear map to classes for each. Names as tensors are named: "linear" where there is
  /// one; "verb_classifier", "noun_classifier", "action_classifier" for action anticipation (EK100).
  std::vector<std::string> outputs{"linear"};
  std::vector<int64_t> classes{174};  // of each output

  BlockSizes block() const;
  int64_t parameter_count() const;
  void validate() const;
};
void describe(Fields& fields, ProbeConfig& config);

/// The V-JEPA 2 attentive pooler (AttentivePooler): self-attention blocks, then learned queries that attend to the
/// tokens; without positions. The query is not normalised and the cross-attention has no output projection:
///   x = blocks(tokens);  y = q + attention(W_q q, W_kv LN(x));  y = y + MLP(LN(y))
/// Tensors, below a prefix: query_tokens, cross_attention_block.{norm1, xattn.q, xattn.kv, norm2, mlp.fc1, mlp.fc2},
/// blocks.i.*.
class AttentivePooler {
 public:
  AttentivePooler(torch::nn::Module& module, const std::string& path, const ProbeConfig& config);

  /// @param tokens  float [B, N, width], of any number of segments, views and levels one after the other.
  /// @returns float [B, queries, width].
  Tensor forward(const Tensor& tokens) const;

 private:
  Tensor cross_attention(const Tensor& tokens) const;

  int64_t heads_;
  double eps_;
  Tensor query_tokens_;  // [1, queries, width]
  Affine norm1_, query_, key_value_, norm2_, fc1_, fc2_;
  std::vector<Block> blocks_;
};

/// Pooler and classifiers (AttentiveClassifier), names as upstream: "pooler.*", "linear.*". Weights are zero until
/// initialise() or load_state_dict().
class AttentiveProbe : public torch::nn::Module {
 public:
  explicit AttentiveProbe(const ProbeConfig& config);

  /// As upstream: normal with std 0.02, biases 0; attn.proj and mlp.fc2 of block i divided by sqrt(2 (i + 1)), the
  /// cross-attention's fc2 by sqrt(2 (depth - 1)): it takes the last block's factor again.
  void initialise(uint64_t seed);

  /// The pooler's output. @param tokens  float [B, N, width]. @returns float [B, outputs, width].
  Tensor pool(const Tensor& tokens) const { return pooler_.forward(tokens); }

  /// @returns logits [B, classes] of every output.
  std::vector<Tensor> forward(const Tensor& tokens) const;

  const ProbeConfig config;

 private:
  AttentivePooler pooler_;
  std::vector<Affine> classifiers_;
};

/// Tokens of several levels of each clip as a probe takes them, one level after the other (Diving48, Jester).
/// @param levels  [B, N, width] each, of VideoEncoder::forward_levels. @returns [B, levels * N, width].
Tensor join_levels(const std::vector<Tensor>& levels);

/// The levels that the published multi-level probes were trained on: four blocks up to the last.
/// @returns {17, 19, 21, 23} for a depth of 24, {24, 29, 34, 39} for 40. @throws ConfigError for another depth.
std::vector<int64_t> published_probe_levels(int64_t depth);

}  // namespace foresee
