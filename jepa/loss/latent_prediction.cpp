#include "jepa/loss/latent_prediction.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

Tensor latent_targets(const Tensor& features) {
  return at::layer_norm(features, {features.size(-1)}, {}, {}, /*eps=*/1e-5);
}

Tensor weigh_change(const Tensor& targets, int64_t times, double steady) {
  FORESEE_CHECK(targets.dim() == 3 && times > 0 && targets.size(1) % times == 0,
                "expected [B, N, D] with N a multiple of {} time steps, got {}", times, describe(targets));
  if (steady == 1.0 || times == 1) return targets;
  constexpr double kLeast = 1e-3;  // of the deviation: clips in which nothing moves are not blown up
  const Tensor in_time = targets.unflatten(1, {times, -1});
  const Tensor mean = in_time.mean(1, /*keepdim=*/true), change = in_time - mean;
  return (change / (change.square().mean().sqrt() + kLeast) + steady * mean).flatten(1, 2);
}

Tensor latent_prediction_loss(const Tensor& prediction, const Tensor& target, double exponent) {
  FORESEE_CHECK(prediction.sizes() == target.sizes(), "expected two equal shapes, got {} and {}", describe(prediction),
                describe(target));
  const Tensor distance = (prediction - target).abs();
  return exponent == 1.0 ? distance.mean() : distance.pow(exponent).mean() / exponent;
}

}  // namespace foresee
