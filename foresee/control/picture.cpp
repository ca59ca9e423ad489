#include "foresee/control/picture.h"

#include <fmt/ranges.h>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/control/picture_fit.h"

namespace foresee {

void check_pictures(const std::vector<PictureView>& pictures, const PictureSpec& spec) {
  if (spec.cameras.size() < 2)
    FORESEE_CHECK(pictures.size() == 1, "expected one picture, as the model has one camera, got {}", pictures.size());
  else
    FORESEE_CHECK(pictures.size() == spec.cameras.size(), "expected {} pictures, one of each camera ({}), got {}",
                  spec.cameras.size(), fmt::join(spec.cameras, ", "), pictures.size());
  for (const PictureView& view : pictures) {
    const int64_t stride = view.row_stride == 0 ? 3 * view.width : view.row_stride;
    FORESEE_CHECK(view.rgb != nullptr && view.height > 0 && view.width > 0 && stride >= 3 * view.width,
                  "expected a picture with pixels, got {} x {} with rows {} bytes apart{}", view.height, view.width,
                  stride, view.rgb == nullptr ? ", at no address" : "");
  }
}

Tensor picture_tensor(const PictureView& view) {
  const int64_t stride = view.row_stride == 0 ? 3 * view.width : view.row_stride;
  const Tensor rows = at::from_blob(const_cast<uint8_t*>(view.rgb), {view.height, view.width, 3}, {stride, 3, 1},
                                    at::TensorOptions(at::kByte));
  return rows.permute({2, 0, 1}).clone(at::MemoryFormat::Contiguous);
}

Tensor joined_picture(const std::vector<PictureView>& pictures, const PictureSpec& spec) {
  check_pictures(pictures, spec);
  if (pictures.size() == 1) return picture_tensor(pictures.front());
  std::vector<Tensor> views;
  for (const PictureView& view : pictures) views.push_back(picture_tensor(view));
  return planner::fit_views(views, spec);
}

}  // namespace foresee
