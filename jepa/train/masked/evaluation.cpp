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

namespace {

/// Mean |median over clips - target| of the hidden tokens, averaged as the model's.
double constant_error(const Tensor& all, const PretrainEvaluation& held_out) {
  const Tensor constant = std::get<0>(all.median(0)).unsqueeze(0);  // [1, N, D]
  double sum = 0, pairs = 0;
  int64_t first = 0;
  for (const auto& bucket : held_out) {
    const Tensor targets = all.narrow(0, first, bucket.clips.size(0));
    first += bucket.clips.size(0);
    for (const auto& masks : bucket.masks) {
      sum += latent_prediction_loss(gather_tokens(constant.expand_as(targets), masks.target),
                                    gather_tokens(targets, masks.target))
                 .item<double>();
      ++pairs;
    }
  }
  return sum / pairs;
}

/// The mean token of each clip, [E, D], in batches as those of `held_out`.
Tensor pooled(const MaskedPretrainer& networks, const Tensor& clips, const PretrainEvaluation& held_out,
              int64_t target_levels) {
  const TubeletSize tubelet = networks.encoder().config.tubelet();
  std::vector<Tensor> means;
  for (const auto& part : clips.split(held_out.front().clips.size(0)))
    means.push_back(networks.targets(unfold_tubelets(part, tubelet), tubelet.grid(part), target_levels).mean(1));
  return at::cat(means);
}

}  // namespace

Metrics PretrainScore::metrics() const {
  Metrics out{{"skill", skill()},
              {"skill_constant", skill_constant()},
              {"l1_model", l1_model},
              {"l1_baseline", l1_baseline},
              {"l1_constant", l1_constant},
              {"effective_rank", effective_rank},
              {"mean_std", mean_std},
              {"between_clips", spread.between_clips},
              {"between_positions", spread.between_positions},
              {"rank_clips", spread.rank_clips},
              {"rank_positions", spread.rank_positions}};
  if (retrieval) {
    out.emplace_back("retrieval", *retrieval);
    out.emplace_back("retrieval_chance", 1.0 / static_cast<double>(clips));
  }
  return out;
}

PretrainScore evaluate_pretraining(const MaskedPretrainer& networks, const PretrainEvaluation& held_out,
                                   const Tensor& other_crops, const PretrainObjective& objective) {
  torch::NoGradGuard no_grad;
  PretrainScore score;
  std::vector<Tensor> all_features, all_targets;
  double pairs = 0;
  for (const auto& bucket : held_out) {
    const PretrainForward forward =
        networks.forward({&bucket, 1}, {.target_levels = objective.target_levels, .steady = objective.kept_steady()});
    const Tensor& targets = forward.targets[0];
    all_features.push_back(forward.features[0]);
    all_targets.push_back(targets);
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
  const Tensor features = at::cat(all_features);  // [E, N, D]
  score.clips = features.size(0);
  score.l1_constant = constant_error(at::cat(all_targets), held_out);
  score.effective_rank = effective_rank(features);
  score.mean_std = mean_std(features);
  if (score.clips < 2) return score;
  if (features.size(1) > 1) score.spread = feature_spread(features);
  if (other_crops.defined())
    score.retrieval = retrieval(features.mean(1), pooled(networks, other_crops, held_out, objective.target_levels));
  return score;
}

bool has_collapsed(const FeatureSpread& start, const FeatureSpread& now, bool before) {
  const double least = before ? 0.75 : 0.5;  // two bounds: a run at the bound does not change its mind at every score
  const auto positions = [](const FeatureSpread& spread) { return spread.between_positions * spread.rank_positions; };
  return now.between_clips < least * start.between_clips || now.rank_clips < least * start.rank_clips ||
         positions(now) < least * positions(start);
}

std::string collapse_text(const FeatureSpread& start, const FeatureSpread& now) {
  return fmt::format(
      "the features collapse: what differs between clips is {:.1f} % of a feature's size in {:.1f} directions, {:.1f} "
      "% in {:.1f} before training; between positions of a clip {:.1f} % in {:.1f}, {:.1f} % in {:.1f} before; a "
      "falling loss does not show it. What helps: objective.variance=0.5 and objective.covariance=0.05, a slower "
      "target (optimizer.ema_start nearer to 1), a lower optimizer.peak_rate, more different clips",
      100 * now.between_clips, now.rank_clips, 100 * start.between_clips, start.rank_clips, 100 * now.between_positions,
      now.rank_positions, 100 * start.between_positions, start.rank_positions);
}

}  // namespace foresee
