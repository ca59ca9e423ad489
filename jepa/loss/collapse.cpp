#include "jepa/loss/collapse.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

Tensor centred(const Tensor& features) {
  FORESEE_CHECK(features.dim() >= 2, "expected [..., D], got {}", describe(features));
  const Tensor x = features.detach().flatten(0, -2).to(at::kDouble);
  return x - x.mean(0);
}

}  // namespace

double effective_rank(const Tensor& features) {
  const Tensor x = centred(features);
  const Tensor variances = at::linalg_eigvalsh(at::matmul(x.t(), x)).clamp_min(0);  // times N
  const double floor = variances.max().item<double>() * 1e-12;                      // below: rounding
  if (floor == 0) return 0;
  const Tensor kept = variances.masked_select(variances > floor);
  const Tensor p = kept / kept.sum();
  return std::exp(-(p * p.log()).sum().item<double>());
}

FeatureSpread feature_spread(const Tensor& tokens) {
  FORESEE_CHECK(tokens.dim() == 3 && tokens.size(0) > 1 && tokens.size(1) > 1,
                "expected the tokens of two clips or more [E, N, D], got {}", describe(tokens));
  const Tensor x = tokens.detach().to(at::kDouble);
  const auto clips = static_cast<double>(x.size(0)), positions = static_cast<double>(x.size(1));
  const double norm = x.square().sum(-1).mean().item<double>();
  if (norm == 0) return {};
  const Tensor of_clips = x - x.mean(0, /*keepdim=*/true), of_positions = x - x.mean(1, /*keepdim=*/true);
  const auto share = [&](const Tensor& deviations, double count) {
    return deviations.square().sum(-1).mean().item<double>() * count / (count - 1) / norm;
  };
  return {.between_clips = share(of_clips, clips),
          .between_positions = share(of_positions, positions),
          .rank_clips = effective_rank(of_clips),
          .rank_positions = effective_rank(of_positions)};
}

double retrieval(const Tensor& views, const Tensor& others) {
  FORESEE_CHECK(views.dim() == 2 && views.sizes() == others.sizes() && views.size(0) > 1,
                "expected two views [E, D] of two clips or more, got {} and {}", describe(views), describe(others));
  const auto directions = [](const Tensor& features) {
    const Tensor x = centred(features);
    return x / x.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
  };
  const Tensor nearest = at::matmul(directions(views), directions(others).t()).argmax(1);  // [E]
  return nearest.eq(at::arange(views.size(0), nearest.options())).to(at::kDouble).mean().item<double>();
}

double mean_std(const Tensor& features) { return centred(features).square().mean(0).sqrt().mean().item<double>(); }

}  // namespace foresee
