#include "jepa/loss/sigreg.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/loss/sigreg_kernel.h"

namespace foresee {
namespace {

constexpr double kLastKnot = 3.0;

/// The mean statistic of projections, fused. p: float [T, N, M], M a multiple of the kernel's strip.
struct FusedStatistic : torch::autograd::Function<FusedStatistic> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& p, int64_t knots,
                        const SigregRanks& ranks) {
    const auto quadrature = sigreg_quadrature(knots);
    const auto count = static_cast<double>(ranks.count);
    const double samples = static_cast<double>(p.size(1)) * count, cells = static_cast<double>(p.size(0) * p.size(2));
    const Tensor angle = p * (kLastKnot / static_cast<double>(knots - 1));
    const Tensor c = angle.cos(), s = angle.sin();
    Tensor error = empirical_characteristic(c, s, knots);  // [T, knots, 2, M]
    if (ranks.count > 1) ranks.average(error);
    error.select(2, 0).sub_(quadrature.phi.view({1, knots, 1}));
    const Tensor weights = quadrature.weights.view({1, knots, 1, 1});
    const Tensor value = (error.square() * weights).sum() * (samples / cells);
    // d value / d p_n = 2/cells sum_k w_k t_k (S_k cos(t_k p_n) - (C_k - phi_k) sin(t_k p_n)).
    // Over ranks the factor is their number: 1 / count of it is lost when parameters' gradients are averaged.
    error.mul_(weights * quadrature.t.view({1, knots, 1, 1}) * (2.0 * count / cells));
    context->save_for_backward({c, s, error});
    return value;
  }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& gradients) {
    const auto saved = context->get_saved_variables();
    return {characteristic_gradient(saved[0], saved[1], saved[2]).mul_(gradients[0]), {}, {}};
  }
};

/// The mean over ranks, with the gradient of the own part: what averaging the (equal) gradients of all ranks gives.
Tensor averaged(const Tensor& own, const SigregRanks& ranks) {
  if (ranks.count == 1) return own;
  Tensor mean = own.detach().clone();
  ranks.average(mean);
  return mean + (own - own.detach());
}

Tensor plain_statistic(const Tensor& p, int64_t knots, const SigregRanks& ranks) {
  const auto quadrature = sigreg_quadrature(knots);
  const auto like = p.options();
  const Tensor x = p.unsqueeze(-1) * quadrature.t.to(like);  // [T, N, M, knots]
  const Tensor cosine = averaged(x.cos().mean(1), ranks), sine = averaged(x.sin().mean(1), ranks);
  const Tensor error = (cosine - quadrature.phi.to(like)).square() + sine.square();
  return (at::matmul(error, quadrature.weights.to(like)) * static_cast<double>(p.size(1) * ranks.count)).mean();
}

}  // namespace

SigregQuadrature sigreg_quadrature(int64_t knots) {
  FORESEE_CHECK(knots >= 2, "expected at least 2 knots, got {}", knots);
  const double dt = kLastKnot / static_cast<double>(knots - 1);
  const Tensor t = at::linspace(0.0, kLastKnot, knots, at::kFloat);
  Tensor widths = at::full({knots}, 2 * dt, at::kFloat);
  widths[0] = dt;
  widths[knots - 1] = dt;
  const Tensor phi = (t.square() * -0.5).exp();
  return {t, phi, widths * phi};
}

Tensor sigreg(const Tensor& embeddings, const Tensor& directions, int64_t knots, Kernel kernel,
              const SigregRanks& ranks) {
  FORESEE_CHECK(embeddings.dim() == 3 && directions.dim() == 2 && directions.size(0) == embeddings.size(2),
                "expected embeddings [T, N, D] and directions [D, M], got {} and {}", describe(embeddings),
                describe(directions));
  FORESEE_CHECK(ranks.count == 1 || ranks.average, "{} ranks and no way to average over them", ranks.count);
  const Tensor unit = directions / directions.square().sum(0, /*keepdim=*/true).sqrt();
  const Tensor p = at::matmul(embeddings, unit);
  const bool fits = p.device().is_cpu() && p.scalar_type() == at::kFloat && p.size(2) % 16 == 0 && knots <= 64;
  if (!takes_fused(kernel, fits, "float32 on the CPU, projections a multiple of 16, at most 64 knots", p))
    return plain_statistic(p, knots, ranks);
  return FusedStatistic::apply(p.contiguous(), knots, ranks);
}

}  // namespace foresee
