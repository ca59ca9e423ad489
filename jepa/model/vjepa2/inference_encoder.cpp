#include "jepa/model/vjepa2/inference_encoder.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/residual_norm.h"
#include "jepa/nn/heads.h"

namespace foresee {

InferenceEncoder::InferenceEncoder(std::shared_ptr<const VideoEncoder> encoder, Precision precision, int64_t rows)
    : encoder_(std::move(encoder)), precision_(precision) {
  for (const Block& block : encoder_->blocks())
    layers_.push_back({&block, PackedLinear(block.attention.qkv, precision, rows),
                       PackedLinear(block.attention.proj, precision, rows), PackedLinear(block.fc1, precision, rows),
                       PackedLinear(block.fc2, precision, rows)});
}

std::vector<Tensor> InferenceEncoder::run(const Tensor& clips, std::span<const int64_t> layers,
                                          const Tensor& ids) const {
  const torch::NoGradGuard no_grad;
  const VideoEncoderConfig& config = encoder_->config;
  check_levels(layers, config.depth);
  const at::ScalarType dtype = dtype_of(precision_, clips.device());
  const bool pick_after = ids.defined() && config.context_masking == ContextMasking::kAfterBlocks;
  const Tensor before = pick_after ? Tensor() : ids;
  TokenGrid grid;
  const Tensor tubelets = encoder_->tubelets(clips.to(at::kFloat), grid);
  Tensor x = encoder_->patch_embed().forward(before.defined() ? gather_tokens(tubelets, before) : tubelets);
  const RopeTable rope = encoder_->rope(grid, before, x.options());

  std::vector<Tensor> levels(layers.size());
  const int64_t last = *std::max_element(layers.begin(), layers.end());
  Tensor branch;  // not yet added to x
  for (int64_t i = 0; i <= last; ++i) {
    const auto& [block, qkv, proj, fc1, fc2] = layers_[static_cast<size_t>(i)];
    const double eps = config.layer_norm_eps;
    const Tensor first = add_and_norm(x, branch, block->norm1, eps, dtype);
    const Heads heads = split_heads(qkv.forward(first), config.heads, &rope);
    branch = proj.forward(attend(heads));
    const Tensor second = add_and_norm(x, branch, block->norm2, eps, dtype);
    branch = fc2.forward(fc1.forward_gelu(second));
    const auto wanted = std::find(layers.begin(), layers.end(), i);
    if (wanted == layers.end()) continue;
    const Tensor level = add_and_norm(x, branch, encoder_->norm(), eps, at::kFloat);
    branch = Tensor();
    levels[static_cast<size_t>(wanted - layers.begin())] = pick_after ? gather_tokens(level, ids) : level;
  }
  return levels;
}

Tensor InferenceEncoder::forward(const Tensor& clips, const Tensor& ids) const {
  const int64_t last = encoder_->config.depth - 1;
  return run(clips, std::span(&last, 1), ids).front();
}

std::vector<Tensor> InferenceEncoder::forward_levels(const Tensor& clips, std::span<const int64_t> layers,
                                                     const Tensor& ids) const {
  return run(clips, layers, ids);
}

}  // namespace foresee
