#include "data/picture/clip_input.h"

#include <ATen/ATen.h>

#include <vector>

#include "data/picture/fit.h"
#include "data/picture/published_transform.h"
#include "jepa/core/error.h"
#include "jepa/core/picture/center_square.h"

namespace foresee::data {
namespace {

Tensor fitted(const Tensor& frames, const PictureSpec& spec) {
  const auto fit = fit_of(spec);
  std::vector<Tensor> pictures;
  for (int64_t i = 0; i < frames.size(0); ++i) pictures.push_back(fit_picture(frames[i], *fit));
  return spec.normalise(at::stack(pictures)).transpose(0, 1).contiguous();
}

}  // namespace

Tensor clip_input(const Tensor& frames, const PictureSpec& spec) {
  FORESEE_CHECK(frames.scalar_type() == at::kByte && frames.dim() == 4 && frames.size(1) == 3 && frames.numel() > 0,
                "expected frames uint8 [T, 3, H, W], got {}", foresee::describe(frames));
  FORESEE_CHECK(spec.size > 0, "expected a positive size, got {}", spec.size);
  spec.validate();
  const Tensor planes = frames.cpu().contiguous();
  switch (spec.transform) {
    case PictureTransform::kFamily:
    case PictureTransform::kFit:
      return fitted(planes, spec);
    case PictureTransform::kCenterSquare:
      return frame_input(planes, spec, spec.size, spec.size).transpose(0, 1).contiguous();
    case PictureTransform::kHuggingFace:
    case PictureTransform::kOfficial:
    case PictureTransform::kOfficialTensor:
      return published_input(planes, spec);
  }
  fail<InternalError>("unknown transform");
}

}  // namespace foresee::data
