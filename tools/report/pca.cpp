#include "tools/report/pca.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::report {
namespace {

constexpr int64_t kComponents = 3;
constexpr double kNoVariance = 1e-10;  // of the first component's
constexpr double kRounding = 1e-24;    // of the tokens' mean square: what is left of equal tokens
constexpr double kLowest = 0.02, kHighest = 0.98;

/// Loadings of the first components, and whether each has variance worth showing.
struct Components {
  Tensor loadings;  // double [D, C], C = min(3, D)
  Tensor present;   // bool [C]
};

/// @param centred  double [N, D], mean 0. @param smallest  a variance at or below it is rounding.
Components principal_components(const Tensor& centred, double smallest) {
  const int64_t size = centred.size(1), count = std::min(kComponents, size);
  const Tensor covariance = centred.t().matmul(centred) / static_cast<double>(centred.size(0));  // [D, D]
  const auto [values, vectors] = at::linalg_eigh(covariance);                                    // ascending
  const Tensor loadings = vectors.narrow(1, size - count, count).flip(1);                        // [D, C]
  const Tensor variance = values.narrow(0, size - count, count).flip(0);                         // [C]
  const Tensor largest = loadings.gather(0, loadings.abs().argmax(0, /*keepdim=*/true));         // [1, C]
  return {loadings * largest.sign(), (variance > kNoVariance * variance[0]).logical_and(variance > smallest)};
}

}  // namespace

Tensor pca_picture(const Tensor& tokens) {
  FORESEE_CHECK(tokens.dim() == 4 && tokens.is_floating_point() && tokens.numel() > 0,
                "expected float tokens [T', h, w, D], got {}", describe(tokens));
  const at::NoGradGuard no_grad;
  const int64_t frames = tokens.size(0), height = tokens.size(1), width = tokens.size(2);
  const Tensor flat = tokens.detach().to(at::kCPU, at::kDouble).reshape({-1, tokens.size(3)});  // [N, D]
  FORESEE_CHECK(at::isfinite(flat).all().item<bool>(), "expected finite tokens, got NaN or infinity");
  const Tensor centred = flat - flat.mean(0, /*keepdim=*/true);
  const Components components = principal_components(centred, kRounding * flat.square().mean().item<double>());
  const Tensor scores = centred.matmul(components.loadings);  // [N, C]

  Tensor colours = at::full({flat.size(0), kComponents}, 128, at::kByte);
  for (int64_t c = 0; c < scores.size(1); ++c) {
    if (!components.present[c].item<bool>()) continue;
    const Tensor score = scores.select(1, c);
    double low = at::quantile(score, kLowest).item<double>(), high = at::quantile(score, kHighest).item<double>();
    if (high <= low) low = score.min().item<double>(), high = score.max().item<double>();  // a few tokens hold it all
    colours.select(1, c).copy_(((score - low) / (high - low)).clamp(0, 1).mul(255).round());
  }
  return colours.view({frames, height, width, kComponents}).permute({0, 3, 1, 2}).contiguous();
}

}  // namespace foresee::report
