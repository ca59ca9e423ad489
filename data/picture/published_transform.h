#pragma once

#include <string_view>
#include <utility>

#include "data/picture/transform.h"
#include "jepa/core/picture/picture_spec.h"

namespace foresee::data {

// Note [Published transforms]
// The deterministic transforms of the code that the published V-JEPA 2 models are evaluated with. All three shrink the
// short side to int(size * 256 / 224), cut out the central square and normalise; they differ by how they shrink and by
// the pixel where the square begins when the margin is odd. transformers' does what else its processor files say.

using PublishedTransform = PictureTransform;
inline constexpr std::pair<PublishedTransform, std::string_view> kPublishedTransformNames[] = {
    {PublishedTransform::kHuggingFace, "huggingface"},
    {PublishedTransform::kOfficial, "official"},
    {PublishedTransform::kOfficialTensor, "official_tensor"}};

/// clip_input of these transforms. kOfficial may differ from OpenCV's fixed-point arithmetic by a grey level.
/// @param frames  uint8 [T, 3, H, W], contiguous. @param spec  valid.
Tensor published_input(const Tensor& frames, const PictureSpec& spec);

/// The same of a size, as it was published.
Tensor published_clip(const Tensor& frames, int64_t size, PublishedTransform transform,
                      const Normalisation& normalisation = {});

}  // namespace foresee::data
