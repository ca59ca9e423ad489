#include "jepa/model/vjepa2/packed_encoder.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/nn/fast/residual_norm.h"

namespace foresee {

PackedEncoder::PackedEncoder(std::shared_ptr<const VideoEncoder> encoder, Precision precision, int64_t rows)
    : encoder_(std::move(encoder)), precision_(precision) {
  for (const Block& block : encoder_->blocks()) blocks_.emplace_back(block, precision, rows);
}

std::vector<Tensor> PackedEncoder::run(const Tensor& clips, std::span<const int64_t> layers, const Tensor& ids) const {
  const torch::NoGradGuard no_grad;
  const VideoEncoderConfig& config = encoder_->config;
  check_levels(layers, config.depth);
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
    branch = blocks_[static_cast<size_t>(i)].forward(x, branch, &rope, [](const Qkv& qkv) { return attend(qkv); });
    const auto wanted = std::find(layers.begin(), layers.end(), i);
    if (wanted == layers.end()) continue;
    const Tensor level = add_and_norm(x, branch, encoder_->norm(), config.layer_norm_eps, at::kFloat);
    branch = Tensor();
    levels[static_cast<size_t>(wanted - layers.begin())] = pick_after ? gather_tokens(level, ids) : level;
  }
  return levels;
}

Tensor PackedEncoder::forward(const Tensor& clips, const Tensor& ids) const {
  const int64_t last = encoder_->config.depth - 1;
  return run(clips, std::span(&last, 1), ids).front();
}

std::vector<Tensor> PackedEncoder::forward_levels(const Tensor& clips, std::span<const int64_t> layers,
                                                  const Tensor& ids) const {
  return run(clips, layers, ids);
}

}  // namespace foresee
