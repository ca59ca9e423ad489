#include "jepa/loss/latent_prediction.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

Tensor latent_targets(const Tensor& features) {
  return at::layer_norm(features, {features.size(-1)}, {}, {}, /*eps=*/1e-5);
}

Tensor latent_prediction_loss(const Tensor& prediction, const Tensor& target, double exponent) {
  FORESEE_CHECK(prediction.sizes() == target.sizes(), "expected two equal shapes, got {} and {}", describe(prediction),
                describe(target));
  const Tensor distance = (prediction - target).abs();
  return exponent == 1.0 ? distance.mean() : distance.pow(exponent).mean() / exponent;
}

}  // namespace foresee
