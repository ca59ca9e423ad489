#include "jepa/core/picture/center_square.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

Tensor frame_input(const Tensor& frames, const PictureSpec& spec, int64_t height, int64_t width) {
  FORESEE_CHECK(frames.dim() == 4 && frames.size(1) == 3 && frames.scalar_type() == at::kByte,
                "expected frames uint8 [N, 3, H, W], got {}", describe(frames));
  const int64_t h = frames.size(2), w = frames.size(3), side = std::min(h, w);
  Tensor pixels = frames;
  if (h * width != w * height) pixels = pixels.narrow(2, (h - side) / 2, side).narrow(3, (w - side) / 2, side);
  pixels = pixels.to(at::kFloat);
  if (pixels.size(2) != height || pixels.size(3) != width)
    pixels = at::upsample_bilinear2d(pixels, {height, width}, /*align_corners=*/false);
  const Tensor mean = torch::tensor(spec.mean, at::kDouble), std = torch::tensor(spec.std, at::kDouble);
  const auto channel = [&](const Tensor& x) { return (x * (1.0 / spec.scale)).to(pixels.options()).view({3, 1, 1}); };
  return (pixels - channel(mean)) / channel(std);
}

}  // namespace foresee
