#include "data/picture/published_transform.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "data/picture/resample.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

// Both sides after the short one became `short_side`: the other is cut to whole pixels.
std::pair<int64_t, int64_t> resized(const Tensor& frames, int64_t short_side) {
  const int64_t height = frames.size(2), width = frames.size(3), shorter = std::min(height, width);
  return {height * short_side / shorter, width * short_side / shorter};
}

Tensor normalised(const Tensor& pixels, const Normalisation& normalisation) {
  const Tensor out = at::empty({3, pixels.size(0), pixels.size(2), pixels.size(3)}, at::kFloat);
  for (int64_t c = 0; c < 3; ++c) {
    const double mean = normalisation.mean[static_cast<size_t>(c)], std = normalisation.std[static_cast<size_t>(c)];
    out[c].copy_(pixels.select(1, c)).sub_(255.0 * mean).div_(255.0 * std);
  }
  return out;
}

Tensor hugging_face(const Tensor& frames, int64_t size, const Normalisation& normalisation) {
  const auto [height, width] = resized(frames, published_short_side(size));
  Tensor pixels = frames;
  // LibTorch's kernel for bytes is the one that torchvision's resize ends in.
  if (height != frames.size(2) || width != frames.size(3))
    pixels = at::_upsample_bilinear2d_aa(frames, {height, width}, /*align_corners=*/false);
  return normalised(pixels.narrow(2, (height - size) / 2, size).narrow(3, (width - size) / 2, size), normalisation);
}

Tensor official(const Tensor& frames, int64_t size, const Normalisation& normalisation) {
  const auto [height, width] = resized(frames, published_short_side(size));
  const auto centre = [&](int64_t in, int64_t out) {
    const auto start = static_cast<int64_t>(std::nearbyint(static_cast<double>(out - size) / 2.0));
    return window(bilinear_axis(in, out, /*antialias=*/false), start, size);
  };
  const ResampleAxis rows = centre(frames.size(2), height), columns = centre(frames.size(3), width);
  const PixelMap bytes{.scale = 1, .shift = 0, .round = true};
  const Tensor pixels = at::empty({frames.size(0), 3, size, size}, at::kFloat);
  for (int64_t plane = 0; plane < frames.size(0) * 3; ++plane)
    resample_plane(frames.const_data_ptr<uint8_t>() + plane * frames.size(2) * frames.size(3), frames.size(3), rows,
                   columns, bytes, pixels.data_ptr<float>() + plane * size * size);
  return normalised(pixels, normalisation);
}

}  // namespace

int64_t published_short_side(int64_t size) { return size * 256 / 224; }

Tensor published_clip(const Tensor& frames, int64_t size, PublishedTransform transform,
                      const Normalisation& normalisation) {
  FORESEE_CHECK(frames.scalar_type() == at::kByte && frames.dim() == 4 && frames.size(1) == 3 && frames.numel() > 0,
                "expected frames uint8 [T, 3, H, W], got {}", foresee::describe(frames));
  FORESEE_CHECK(size > 0, "expected a positive size, got {}", size);
  const Tensor planes = frames.cpu().contiguous();
  switch (transform) {
    case PublishedTransform::kHuggingFace:
      return hugging_face(planes, size, normalisation);
    case PublishedTransform::kOfficial:
      return official(planes, size, normalisation);
    case PublishedTransform::kOfficialTensor:
      return evaluation_clip(planes, size, published_short_side(size), normalisation);
  }
  fail<InternalError>("unknown transform");
}

}  // namespace foresee::data
