#include "planner/control/picture_fit.h"

#include "data/picture/resize.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

Tensor fit_picture(const Tensor& picture, const PictureSpec& spec) {
  FORESEE_CHECK(picture.defined() && picture.dim() == 3 && picture.size(0) == 3 && picture.numel() > 0 &&
                    picture.scalar_type() == at::kByte,
                "expected a picture uint8 [3, H, W] with pixels, got {}",
                picture.defined() ? foresee::describe(picture) : "none");
  if (spec.rule == PictureSpec::Rule::kCenterSquare) return picture;
  if (picture.size(1) == spec.size && picture.size(2) == spec.size) return picture;
  return data::resize_pillow_bilinear(picture.contiguous(), spec.size, spec.size);
}

}  // namespace foresee::planner
