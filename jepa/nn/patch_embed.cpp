#include "jepa/nn/patch_embed.h"

#include "jepa/core/error.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"

namespace foresee {

TokenGrid TubeletSize::grid(const Tensor& clips) const {
  FORESEE_CHECK(clips.dim() == 5 && clips.size(1) == 3, "expected clips [B, 3, T, H, W], got {}", describe(clips));
  const TokenGrid grid{clips.size(2) / frames, clips.size(3) / size, clips.size(4) / size};
  FORESEE_CHECK(grid.tokens() > 0, "expected clips of at least {} frames of {} x {} px, got {}", frames, size, size,
                describe(clips));
  return grid;
}

Tensor unfold_tubelets(const Tensor& clips, const TubeletSize& tubelet) {
  const TokenGrid g = tubelet.grid(clips);
  const int64_t f = tubelet.frames, p = tubelet.size;
  return clips.narrow(2, 0, g.time * f)
      .narrow(3, 0, g.height * p)
      .narrow(4, 0, g.width * p)
      .reshape({clips.size(0), 3, g.time, f, g.height, p, g.width, p})
      .permute({0, 2, 4, 6, 1, 3, 5, 7})
      .reshape({clips.size(0), g.tokens(), tubelet.values()});
}

PatchEmbed::PatchEmbed(torch::nn::Module& module, const std::string& path, int64_t width, const TubeletSize& tubelet)
    : proj{add_parameter(module, path + ".weight", {width, 3, tubelet.frames, tubelet.size, tubelet.size}),
           add_parameter(module, path + ".bias", {width})} {}

Tensor PatchEmbed::forward(const Tensor& tubelets) const {
  return at::linear(tubelets, proj.weight.flatten(1), proj.bias);
}

Tensor gather_tokens(const Tensor& tokens, const Tensor& ids) {
  FORESEE_CHECK(tokens.dim() == 3 && ids.dim() == 2 && ids.size(0) == tokens.size(0) && ids.scalar_type() == at::kLong,
                "expected int64 ids [{}, K], got {}", tokens.size(0), describe(ids));
  const int64_t batch = tokens.size(0), n = tokens.size(1);
  const Tensor rows = ids + at::arange(batch, ids.options()).mul_(n).unsqueeze(1);
  return tokens.reshape({batch * n, tokens.size(2)}).index_select(0, rows.flatten()).view({batch, ids.size(1), -1});
}

}  // namespace foresee
