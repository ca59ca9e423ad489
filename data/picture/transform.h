#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "jepa/core/random.h"
#include "jepa/core/tensor.h"

namespace foresee {
class Fields;
}

namespace foresee::data {

/// Part of a picture, in pixels, and whether it is mirrored left to right after resizing.
struct Crop {
  int64_t top = 0, left = 0, height = 0, width = 0;
  bool flip = false;
};

/// The random resized crop of training; defaults of V-JEPA 2's published configs.
struct CropConfig {
  std::vector<double> scale{0.3, 1.0};     // share of the picture's area, uniform
  std::vector<double> aspect{0.75, 1.35};  // width / height, log-uniform
  double flip = 0.5;                       // probability

  /// V-JEPA 2-AC's training on DROID: no draw fits a 16:9 picture, so it is always the centre, 1.35 times as wide as
  /// high, squeezed into the square.
  static CropConfig action_conditioned() { return {{1.777, 1.777}, {0.75, 1.35}, 0.0}; }
  /// V-JEPA 2-AC's planning notebook: the central square.
  static CropConfig central_square() { return {{1.0, 1.0}, {1.0, 1.0}, 0.0}; }

  void validate() const;
};
void describe(Fields& fields, CropConfig& config);

/// What turns bytes into network input: (x / 255 - mean) / std per channel.
struct Normalisation {
  std::array<double, 3> mean{0.485, 0.456, 0.406};
  std::array<double, 3> std{0.229, 0.224, 0.225};
};

/// How pixels between pixels are found.
enum class Resampling {
  kBilinear,   // torch's interpolate(bilinear, align_corners=False): two taps an axis, aliases when shrinking
  kAntialias,  // the same triangle, widened when shrinking (torchvision's antialias=True, Pillow's BILINEAR)
};

/// Draws a crop: up to ten tries, then the centre with the aspect clipped to its range (V-JEPA 2's
/// random_resized_crop).
Crop sample_crop(int64_t height, int64_t width, const CropConfig& config, RandomSequence& random);

/// Crops, resizes, mirrors and normalises a clip in one pass, on the calling thread only.
/// @param frames  uint8 [T, 3, H, W], RGB, contiguous.
/// @param out  float [3, T, size, size] with unit stride in the last dimension (a slot of a batch).
void crop_resize_normalise(const Tensor& frames, const Crop& crop, Resampling resampling,
                           const Normalisation& normalisation, const Tensor& out);
Tensor crop_resize_normalise(const Tensor& frames, const Crop& crop, int64_t size, Resampling resampling,
                             const Normalisation& normalisation);

/// Deterministic input of evaluation: the short side to `short_side` (antialiased, rounded to 8 bits; as it is where it
/// matches already), the centre `size` square, normalised. V-JEPA 2 uses short_side = int(size * 256 / 224).
/// @param frames  uint8 [T, 3, H, W], RGB. @param out  float [3, T, size, size], as above.
void evaluation_clip(const Tensor& frames, int64_t short_side, const Normalisation& normalisation, const Tensor& out);
Tensor evaluation_clip(const Tensor& frames, int64_t size, int64_t short_side, const Normalisation& normalisation);

}  // namespace foresee::data
