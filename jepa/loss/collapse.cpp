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

double mean_std(const Tensor& features) { return centred(features).square().mean(0).sqrt().mean().item<double>(); }

}  // namespace foresee
