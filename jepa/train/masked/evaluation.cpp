#include "jepa/train/masked/evaluation.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/loss/collapse.h"
#include "jepa/loss/latent_prediction.h"

namespace foresee {

PretrainEvaluation make_evaluation(const Tensor& clips, std::span<const MaskConfig> masks, const TubeletSize& tubelet,
                                   int64_t batch, uint64_t seed) {
  FORESEE_CHECK(clips.dim() == 5 && clips.size(0) > 0 && batch > 0, "expected clips [E, 3, T, H, W], got {}",
                describe(clips));
  PretrainEvaluation batches;
  const TokenGrid grid = tubelet.grid(clips);
  for (const auto& part : clips.split(batch)) {
    const auto number = static_cast<uint64_t>(batches.size());
    auto places = cpu_generator(Random(seed, Stream::kEvalStarts, number).bits(0));
    PretrainBucket bucket{part, {}};
    for (const auto& config : masks) {
      auto sizes = cpu_generator(number);
      const MaskBlock block = sample_mask_block(config, grid, sizes);
      const MaskPair pair = sample_masks(config, grid, block, part.size(0), places);
      bucket.masks.push_back({pair.context.to(clips.device()), pair.target.to(clips.device())});
    }
    batches.push_back(std::move(bucket));
  }
  return batches;
}

Metrics PretrainScore::metrics() const {
  return {{"skill", skill()},
          {"l1_model", l1_model},
          {"l1_baseline", l1_baseline},
          {"effective_rank", effective_rank},
          {"mean_std", mean_std}};
}

PretrainScore evaluate_pretraining(const MaskedPretrainer& networks, const PretrainEvaluation& held_out) {
  torch::NoGradGuard no_grad;
  PretrainScore score;
  std::vector<Tensor> all;
  double pairs = 0;
  for (const auto& bucket : held_out) {
    const PretrainForward forward = networks.forward({&bucket, 1});
    const Tensor& targets = forward.targets[0];
    all.push_back(targets);
    for (size_t group = 0; group < bucket.masks.size(); ++group) {
      const Tensor hidden = gather_tokens(targets, bucket.masks[group].target);
      const Tensor mean = gather_tokens(targets, bucket.masks[group].context).mean(1, /*keepdim=*/true);  // [B, 1, D]
      score.l1_model += forward.pair_losses[group].item<double>();
      score.l1_baseline += latent_prediction_loss(mean.expand_as(hidden), hidden).item<double>();
      ++pairs;
    }
  }
  FORESEE_CHECK(pairs > 0, "expected held-out clips with masks, got none");
  score.l1_model /= pairs;
  score.l1_baseline /= pairs;
  const Tensor features = at::cat(all);
  score.effective_rank = effective_rank(features);
  score.mean_std = mean_std(features);
  return score;
}

}  // namespace foresee
