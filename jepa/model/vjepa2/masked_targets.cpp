#include "jepa/model/vjepa2/masked_targets.h"

#include <vector>

#include "jepa/core/torch.h"
#include "jepa/loss/latent_prediction.h"

namespace foresee {

void describe(Fields& f, MaskedTargets& c) {
  f("levels", c.levels, "last blocks of the target encoder that a target averages", {1, 1000});
  f("steady", c.steady, "share of what stays the same over a clip that targets keep", {0, 1});
}

Tensor masked_targets(const VideoEncoder& encoder, const Tensor& tubelets, const TokenGrid& grid,
                      std::span<const int64_t> layers, int64_t levels) {
  const torch::NoGradGuard no_grad;
  if (levels > 1) {
    std::vector<int64_t> last;
    for (int64_t i = 0; i < levels; ++i) last.push_back(encoder.config.depth - levels + i);
    std::vector<Tensor> features = encoder.forward_levels(tubelets, grid, last);
    for (Tensor& level : features) level = latent_targets(level);
    return latent_targets(at::stack(features).mean(0));
  }
  const Tensor all;
  const Tensor features = encoder.forward_masks(tubelets, grid, {&all, 1}, nullptr, layers).front();
  return latent_targets(features.unflatten(2, {-1, encoder.config.width})).flatten(2);  // [B, N, layers, D]
}

}  // namespace foresee
