#include "jepa/loss/collapse.h"

#include <torch/torch.h>

#include "jepa/core/error.h"

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
  // Singular values are the roots of the D x D Gram matrix's eigenvalues: far cheaper than a decomposition of [N, D].
  const Tensor eigenvalues = at::linalg_eigvalsh(at::matmul(x.t(), x)).clamp_min(0);
  const double floor = eigenvalues.max().item<double>() * 1e-12;  // below: rounding of the Gram matrix
  if (floor == 0) return 0;
  const Tensor singular = eigenvalues.masked_select(eigenvalues > floor).sqrt();
  const Tensor p = singular / singular.sum();
  return std::exp(-(p * p.log()).sum().item<double>());
}

double mean_std(const Tensor& features) { return centred(features).square().mean(0).sqrt().mean().item<double>(); }

}  // namespace foresee
