#include "jepa/train/heads/evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr uint64_t kEvaluationPairs = std::numeric_limits<uint32_t>::max();  // no training step draws these
constexpr int64_t kPictures = 256;                                           // decoded, at most

double skill(const Tensor& predicted, const Tensor& truth) {
  const double error = (predicted - truth).square().mean().item<double>();
  return 1 - error / std::max((truth - truth.mean(0)).square().mean().item<double>(), 1e-30);
}

}  // namespace

Metrics evaluate_heads(const Lewm& model, const LatentEpisodes& held_out, int64_t block, int64_t count, uint64_t seed) {
  if (held_out.length.empty()) return {};
  const torch::NoGradGuard no_grad;
  const Random draws(seed, Stream::kDataOrder, kEvaluationPairs);
  const HindsightPairs pairs = HindsightSampler(held_out.length, block).draw(draws, count);
  const Tensor now = held_out.embeddings.index_select(0, pairs.rows);
  const Tensor goal = held_out.embeddings.index_select(0, pairs.goals);
  Metrics metrics;
  if (model->inverse)
    metrics.emplace_back("held_out_inverse_skill",
                         skill(model->inverse->forward(now, goal), action_blocks(held_out, pairs.rows, block)));
  if (model->distance) {
    metrics.emplace_back("held_out_distance_skill",
                         skill(model->distance->log_blocks(now, goal), log_blocks(pairs.blocks)));
    metrics.emplace_back("held_out_distance_error",
                         (model->distance->forward(now, goal) - pairs.blocks).abs().mean().item<double>());
  }
  if (model->decoder) {
    const Tensor rows = pairs.rows.slice(0, 0, std::min(kPictures, count));
    const double error = picture_error(model, held_out, rows).item<double>();
    metrics.emplace_back("held_out_picture_psnr", -10 * std::log10(std::max(error, 1e-12)));
  }
  return metrics;
}

}  // namespace foresee
