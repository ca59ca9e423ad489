#include "data/picture/transform.h"

#include <algorithm>
#include <cmath>

#include "data/picture/resample.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

// Python's round: halves to even, which is also the floating-point unit's default.
int64_t round_half_even(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

void check_frames(const Tensor& frames, const char* function) {
  if (frames.scalar_type() != at::kByte || frames.dim() != 4 || frames.size(1) != 3 || !frames.is_contiguous() ||
      frames.numel() == 0)
    fail("[{}] expected contiguous frames uint8 [T, 3, H, W], got {}", function, foresee::describe(frames));
}

void check_out(const Tensor& out, int64_t count, const char* function) {
  if (out.scalar_type() != at::kFloat || out.dim() != 4 || out.size(0) != 3 || out.size(1) != count ||
      out.stride(3) != 1 || out.stride(2) != out.size(3))
    fail("[{}] expected out float [3, {}, h, w] with contiguous pictures, got {}", function, count,
         foresee::describe(out));
}

// Every plane of the clip through the same axes.
void resample_clip(const Tensor& frames, const ResampleAxis& rows, const ResampleAxis& columns,
                   const Normalisation& normalisation, bool round, const Tensor& out) {
  const int64_t height = frames.size(2), width = frames.size(3);
  const uint8_t* in = frames.data_ptr<uint8_t>();
  float* to = out.data_ptr<float>();
  for (int64_t c = 0; c < 3; ++c) {
    const double mean = normalisation.mean[static_cast<size_t>(c)], std = normalisation.std[static_cast<size_t>(c)];
    const PixelMap map{static_cast<float>(1.0 / (255.0 * std)), static_cast<float>(-mean / std), round};
    for (int64_t t = 0; t < frames.size(0); ++t)
      resample_plane(in + (t * 3 + c) * height * width, width, rows, columns, map,
                     to + c * out.stride(0) + t * out.stride(1));
  }
}

}  // namespace

void CropConfig::validate() const {
  const auto is_range = [](const std::vector<double>& v) { return v.size() == 2 && v[0] > 0 && v[0] <= v[1]; };
  if (!is_range(scale)) fail<ConfigError>("crop.scale: expected [low, high] with 0 < low <= high");
  if (!is_range(aspect)) fail<ConfigError>("crop.aspect: expected [low, high] with 0 < low <= high");
}

void describe(Fields& f, CropConfig& c) {
  f("scale", c.scale, "share of the picture's area that a crop takes, [low, high]", {1e-4, 10});
  f("aspect", c.aspect, "width / height of a crop, [low, high]", {1e-2, 100});
  f("flip", c.flip, "probability of mirroring left to right", {0, 1});
}

Crop sample_crop(int64_t height, int64_t width, const CropConfig& config, RandomSequence& random) {
  const double area = static_cast<double>(height * width);
  Crop crop;
  bool fits = false;
  for (int attempt = 0; attempt < 10 && !fits; ++attempt) {
    const double target = area * random.uniform(config.scale[0], config.scale[1]);
    const double aspect = std::exp(random.uniform(std::log(config.aspect[0]), std::log(config.aspect[1])));
    crop.width = round_half_even(std::sqrt(target * aspect));
    crop.height = round_half_even(std::sqrt(target / aspect));
    fits = crop.width > 0 && crop.width <= width && crop.height > 0 && crop.height <= height;
  }
  if (fits) {
    crop.top = random.integer(height - crop.height + 1);
    crop.left = random.integer(width - crop.width + 1);
  } else {
    const double aspect = static_cast<double>(width) / static_cast<double>(height);
    crop.width = width;
    crop.height = height;
    if (aspect < config.aspect[0])
      crop.height = std::min(height, round_half_even(static_cast<double>(width) / config.aspect[0]));
    else if (aspect > config.aspect[1])
      crop.width = std::min(width, round_half_even(static_cast<double>(height) * config.aspect[1]));
    crop.top = (height - crop.height) / 2;
    crop.left = (width - crop.width) / 2;
  }
  crop.flip = random.uniform() < config.flip;
  return crop;
}

void crop_resize_normalise(const Tensor& frames, const Crop& crop, Resampling resampling,
                           const Normalisation& normalisation, const Tensor& out) {
  check_frames(frames, __func__);
  check_out(out, frames.size(0), __func__);
  FORESEE_CHECK(crop.top >= 0 && crop.left >= 0 && crop.height > 0 && crop.width > 0 &&
                    crop.top + crop.height <= frames.size(2) && crop.left + crop.width <= frames.size(3),
                "expected a crop inside {} x {}, got {} x {} at ({}, {})", frames.size(3), frames.size(2), crop.width,
                crop.height, crop.left, crop.top);
  const bool antialias = resampling == Resampling::kAntialias;
  const ResampleAxis rows = shifted(bilinear_axis(crop.height, out.size(2), antialias), crop.top);
  const ResampleAxis columns = shifted(bilinear_axis(crop.width, out.size(3), antialias), crop.left);
  resample_clip(frames, rows, crop.flip ? mirrored(columns) : columns, normalisation, /*round=*/false, out);
}

Tensor crop_resize_normalise(const Tensor& frames, const Crop& crop, int64_t size, Resampling resampling,
                             const Normalisation& normalisation) {
  check_frames(frames, __func__);
  const Tensor out = at::empty({3, frames.size(0), size, size}, at::kFloat);
  crop_resize_normalise(frames, crop, resampling, normalisation, out);
  return out;
}

void evaluation_clip(const Tensor& frames, int64_t short_side, const Normalisation& normalisation, const Tensor& out) {
  check_frames(frames, __func__);
  check_out(out, frames.size(0), __func__);
  FORESEE_CHECK(out.size(2) <= short_side && out.size(3) <= short_side, "expected a crop of at most {} pixels, got {}",
                short_side, foresee::describe(out));
  // One axis: all of it to its share of the new short side, then the centre.
  const int64_t shorter = std::min(frames.size(2), frames.size(3));
  const auto centre = [&](int64_t length, int64_t size) {
    const int64_t resized = length * short_side / shorter;
    const int64_t start = round_half_even(static_cast<double>(resized - size) / 2.0);
    return window(bilinear_axis(length, resized, /*antialias=*/true), start, size);
  };
  resample_clip(frames, centre(frames.size(2), out.size(2)), centre(frames.size(3), out.size(3)), normalisation,
                /*round=*/true, out);
}

Tensor evaluation_clip(const Tensor& frames, int64_t size, int64_t short_side, const Normalisation& normalisation) {
  check_frames(frames, __func__);
  const Tensor out = at::empty({3, frames.size(0), size, size}, at::kFloat);
  evaluation_clip(frames, short_side, normalisation, out);
  return out;
}

}  // namespace foresee::data
