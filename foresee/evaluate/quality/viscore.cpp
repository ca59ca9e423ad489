#include "foresee/evaluate/quality/viscore.h"

#include <algorithm>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/statistics/samples.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr double kShrink = 0.1;
constexpr size_t kFewestPairs = 30;

Tensor covariance(const Tensor& x) {
  FORESEE_CHECK(x.dim() == 2 && x.size(0) > 1, "expected two rows or more [n, D], got {}", describe(x));
  const Tensor rows = x.to(at::kCPU, at::kDouble), centred = rows - rows.mean(0);
  return centred.t().mm(centred) / static_cast<double>(rows.size(0) - 1);
}

}  // namespace

double total_variance(const Tensor& z) {
  FORESEE_CHECK(z.dim() == 2 && z.size(0) > 1, "expected two rows or more [F, D], got {}", describe(z));
  return z.to(at::kCPU, at::kDouble).var(0, /*unbiased=*/true).sum().item<double>();
}

double normalised_error(const Tensor& predicted, const Tensor& truth, double variance) {
  const Tensor error = (predicted - truth).to(at::kDouble).square().sum(-1);
  return error.mean().item<double>() / variance;
}

double rollout_deviation(double error, double variance) { return std::sqrt(std::max(error, 1e-9) * variance); }

double veracity(double tolerance, double deviation) { return std::erf(tolerance / 2 / (std::sqrt(2.0) * deviation)); }

Tensor shrunk_covariance(const Tensor& x) {
  const Tensor all = covariance(x);
  return (1 - kShrink) * all + kShrink * at::diag(all.diagonal());
}

double empowerment(const Tensor& changes, const Tensor& residuals, double deviation) {
  const Tensor signal = covariance(changes);
  Tensor noise = shrunk_covariance(residuals);
  const Tensor identity = at::eye(noise.size(0), noise.options());
  noise = noise + identity * (1e-8 * noise.trace() / noise.size(0));
  noise = noise * (deviation * deviation / std::max(noise.trace().item<double>(), 1e-12));
  const auto [values, vectors] = at::linalg_eigh(noise);
  const Tensor whiten = (vectors * values.clamp_min(1e-12).rsqrt()).mm(vectors.t());
  return 0.5 * at::linalg_eigvalsh(whiten.mm(signal).mm(whiten)).clamp_min(0).log1p().sum().item<double>();
}

double influence(double nats) { return std::min(nats / kFullInfluence, 1.0); }

std::optional<double> latent_tolerance(const Tensor& z, std::vector<RowPair> pairs, double tolerance,
                                       bool has_nuisance) {
  std::erase_if(pairs, [&](const RowPair& p) { return !(p.moved >= 0.8 * tolerance && p.moved <= 1.2 * tolerance); });
  if (pairs.size() < kFewestPairs) return std::nullopt;
  if (has_nuisance) {
    std::vector<double> moved;
    for (const RowPair& p : pairs) moved.push_back(p.nuisance);
    const double least = quantile(moved, 0.25);
    std::vector<RowPair> quiet;
    for (const RowPair& p : pairs)
      if (p.nuisance <= least) quiet.push_back(p);
    if (quiet.size() >= kFewestPairs) pairs = quiet;
  }
  std::vector<double> distances;
  for (const RowPair& p : pairs) distances.push_back((z[p.first] - z[p.second]).to(at::kDouble).norm().item<double>());
  return quantile(distances, 0.5);
}

}  // namespace foresee
