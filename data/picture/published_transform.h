#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "data/picture/transform.h"
#include "jepa/core/tensor.h"

namespace foresee::data {

// Note [Published transforms]
// All three shrink the short side to int(size * 256 / 224), cut out the central square and normalise; they differ by
// how they shrink and by the pixel where the square begins when the margin is odd.

/// The deterministic transforms of the code that the published V-JEPA 2 models are evaluated with.
enum class PublishedTransform {
  kHuggingFace,  // transformers' VJEPA2VideoProcessor: antialiased on bytes, in two rounded passes; margin / 2 cut off
  kOfficial,     // Meta's evaluation of decoded video (OpenCV INTER_LINEAR): two taps on bytes; margin / 2 to even
  kOfficialTensor,  // Meta's evaluation of tensors: antialiased on bytes; margin / 2 to even
};
inline constexpr std::pair<PublishedTransform, std::string_view> kPublishedTransformNames[] = {
    {PublishedTransform::kHuggingFace, "huggingface"},
    {PublishedTransform::kOfficial, "official"},
    {PublishedTransform::kOfficialTensor, "official_tensor"}};

/// int(size * 256 / 224).
int64_t published_short_side(int64_t size);

/// @param frames  uint8 [T, 3, H, W], RGB, any size. @param size  pixels, side of the result, > 0.
/// @returns float [3, T, size, size]. kOfficial may differ from OpenCV's fixed-point arithmetic by a grey level.
Tensor published_clip(const Tensor& frames, int64_t size, PublishedTransform transform,
                      const Normalisation& normalisation = {});

}  // namespace foresee::data
