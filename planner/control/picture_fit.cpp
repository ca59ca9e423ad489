#include "planner/control/picture_fit.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "data/picture/fit.h"
#include "jepa/core/error.h"
#include "jepa/core/text/counted.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

Tensor fit_picture(const Tensor& picture, const PictureSpec& spec) {
  FORESEE_CHECK(picture.defined() && picture.dim() == 3 && picture.size(0) == 3 && picture.numel() > 0 &&
                    picture.scalar_type() == at::kByte,
                "expected a picture uint8 [3, H, W] with pixels, got {}",
                picture.defined() ? foresee::describe(picture) : "none");
  const auto fit = data::fit_of(spec);
  return fit ? data::fit_picture(picture, *fit) : picture;
}

Tensor fit_views(std::span<const Tensor> views, const PictureSpec& spec) {
  const size_t cameras = std::max<size_t>(1, spec.cameras.size());
  FORESEE_CHECK(
      views.size() == cameras, "expected {}{}, got {}", counted(static_cast<int64_t>(cameras), "picture"),
      spec.cameras.empty() ? std::string() : fmt::format(", one of each camera ({})", fmt::join(spec.cameras, ", ")),
      views.size());
  if (cameras == 1) return fit_picture(views.front(), spec);
  return data::fit_views(views, data::fit_of(spec).value_or(data::PictureFit{.size = spec.size, .width = spec.size}));
}

}  // namespace foresee::planner
