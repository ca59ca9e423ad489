#include "planner/control/picture_fit.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "data/picture/fit.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

namespace {

data::PictureFit fit_of(const PictureSpec& spec) {
  const PictureRule rule = spec.rule == PictureSpec::Rule::kCrop  ? PictureRule::kCrop
                           : spec.rule == PictureSpec::Rule::kPad ? PictureRule::kPad
                                                                  : PictureRule::kResize;
  return {.size = spec.size, .width = spec.size, .rule = rule};
}

}  // namespace

Tensor fit_picture(const Tensor& picture, const PictureSpec& spec) {
  FORESEE_CHECK(picture.defined() && picture.dim() == 3 && picture.size(0) == 3 && picture.numel() > 0 &&
                    picture.scalar_type() == at::kByte,
                "expected a picture uint8 [3, H, W] with pixels, got {}",
                picture.defined() ? foresee::describe(picture) : "none");
  if (spec.rule == PictureSpec::Rule::kCenterSquare) return picture;
  return data::fit_picture(picture, fit_of(spec));
}

Tensor fit_views(std::span<const Tensor> views, const PictureSpec& spec) {
  const size_t cameras = std::max<size_t>(1, spec.cameras.size());
  FORESEE_CHECK(
      views.size() == cameras, "expected {} picture{}{}, got {}", cameras, cameras == 1 ? "" : "s",
      spec.cameras.empty() ? std::string() : fmt::format(", one of each camera ({})", fmt::join(spec.cameras, ", ")),
      views.size());
  return cameras == 1 ? fit_picture(views.front(), spec) : data::fit_views(views, fit_of(spec));
}

}  // namespace foresee::planner
