#include "jepa/loss/vicreg.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

VicregTerms vicreg_terms(const Tensor& features) {
  FORESEE_CHECK(features.dim() >= 2 && features.numel() > features.size(-1), "expected two samples or more, got {}",
                describe(features));
  const Tensor flat = features.flatten(0, -2), x = flat - flat.mean(0);
  const Tensor covariance = at::matmul(x.t(), x) / static_cast<double>(x.size(0) - 1);  // [D, D]
  const Tensor variance = covariance.diagonal();
  const Tensor off_diagonal = covariance.square().sum() - variance.square().sum();
  return {at::relu(1.0 - (variance + 1e-4).sqrt()).mean(), off_diagonal / static_cast<double>(x.size(1))};
}

}  // namespace foresee
