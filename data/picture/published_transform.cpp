#include "data/picture/published_transform.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "data/picture/clip_input.h"
#include "data/picture/resample.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

// Both sides after the short one became `short_side`: the other is cut to whole pixels.
std::pair<int64_t, int64_t> resized(const Tensor& frames, int64_t short_side) {
  const int64_t height = frames.size(2), width = frames.size(3), shorter = std::min(height, width);
  return {height * short_side / shorter, width * short_side / shorter};
}

Tensor normalised(const Tensor& pixels, const PictureSpec& spec) {
  const Tensor out = at::empty({3, pixels.size(0), pixels.size(2), pixels.size(3)}, at::kFloat);
  const double whole = 1.0 / spec.scale;
  for (int64_t c = 0; c < 3; ++c) {
    const double mean = spec.mean[static_cast<size_t>(c)], std = spec.std[static_cast<size_t>(c)];
    out[c].copy_(pixels.select(1, c)).sub_(whole * mean).div_(whole * std);
  }
  return out;
}

/// LibTorch's kernels for bytes are those that torchvision's resize ends in.
Tensor resized_bytes(const Tensor& frames, int64_t height, int64_t width, const PictureSpec& spec) {
  if (height == frames.size(2) && width == frames.size(3)) return frames;
  switch (spec.interpolation) {
    case Interpolation::kNearest:
      return at::_upsample_nearest_exact2d(frames, {height, width});
    case Interpolation::kBilinear:
      return spec.antialias ? at::_upsample_bilinear2d_aa(frames, {height, width}, /*align_corners=*/false)
                            : at::upsample_bilinear2d(frames, {height, width}, /*align_corners=*/false);
    case Interpolation::kBicubic:
      return spec.antialias ? at::_upsample_bicubic2d_aa(frames, {height, width}, /*align_corners=*/false)
                            : at::upsample_bicubic2d(frames, {height, width}, /*align_corners=*/false);
  }
  fail<InternalError>("unknown interpolation");
}

/// The centre of a size; black where the pictures are smaller (transformers' center_crop).
Tensor centre_of(const Tensor& frames, int64_t size) {
  const int64_t height = frames.size(2), width = frames.size(3);
  Tensor pixels = frames;
  if (height < size || width < size) {
    const int64_t rows = std::max(height, size), columns = std::max(width, size);
    pixels = at::zeros({frames.size(0), 3, rows, columns}, frames.options());
    pixels.narrow(2, (rows - height) / 2, height).narrow(3, (columns - width) / 2, width).copy_(frames);
  }
  return pixels.narrow(2, (pixels.size(2) - size) / 2, size).narrow(3, (pixels.size(3) - size) / 2, size);
}

Tensor hugging_face(const Tensor& frames, const PictureSpec& spec) {
  const int64_t own_height = frames.size(2), own_width = frames.size(3);
  int64_t height = own_height, width = own_width;
  if (spec.picture == PictureShape::kShorterSide) std::tie(height, width) = resized(frames, spec.resized.at(0));
  if (spec.picture == PictureShape::kResize) {
    height = spec.resized.empty() ? spec.size : spec.resized.at(0);
    width = spec.resized.empty() ? spec.size : spec.resized.at(1);
  }
  if (spec.picture == PictureShape::kNone && (height != spec.size || width != spec.size))
    fail<DataError>(
        "a picture of {} x {} pixels (width x height), and the model's processor says do_resize and do_center_crop "
        "false: expected {} x {}",
        width, height, spec.size, spec.size);
  return normalised(centre_of(resized_bytes(frames, height, width, spec), spec.size), spec);
}

Tensor official(const Tensor& frames, const PictureSpec& spec) {
  const auto [height, width] = resized(frames, spec.resized.at(0));
  const int64_t size = spec.size;
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
  return normalised(pixels, spec);
}

/// (x / 255 - mean) / std that is (x * scale - mean) / std of the spec.
Normalisation normalisation_of(const PictureSpec& spec) {
  Normalisation out;
  const double share = 255 * spec.scale;  // 1 but for other scales than 1 / 255
  for (size_t i = 0; i < 3; ++i) {
    out.mean[i] = spec.mean[i] / share;
    out.std[i] = spec.std[i] / share;
  }
  return out;
}

}  // namespace

Tensor published_input(const Tensor& frames, const PictureSpec& spec) {
  if (spec.transform == PictureTransform::kHuggingFace) return hugging_face(frames, spec);
  if (spec.transform == PictureTransform::kOfficial) return official(frames, spec);
  return evaluation_clip(frames, spec.size, spec.resized.at(0), normalisation_of(spec));
}

Tensor published_clip(const Tensor& frames, int64_t size, PublishedTransform transform,
                      const Normalisation& normalisation) {
  PictureSpec spec{.size = size};
  spec.mean.assign(normalisation.mean.begin(), normalisation.mean.end());
  spec.std.assign(normalisation.std.begin(), normalisation.std.end());
  return clip_input(frames, with_transform(spec, transform));
}

}  // namespace foresee::data
