#include "foresee/control/picture.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {

const PictureView& only_picture(const std::vector<PictureView>& pictures) {
  FORESEE_CHECK(pictures.size() == 1, "expected one picture, as the model has one camera, got {}", pictures.size());
  const PictureView& view = pictures.front();
  const int64_t stride = view.row_stride == 0 ? 3 * view.width : view.row_stride;
  FORESEE_CHECK(view.rgb != nullptr && view.height > 0 && view.width > 0 && stride >= 3 * view.width,
                "expected a picture with pixels, got {} x {} with rows {} bytes apart{}", view.height, view.width,
                stride, view.rgb == nullptr ? ", at no address" : "");
  return view;
}

Tensor picture_tensor(const PictureView& view) {
  const int64_t stride = view.row_stride == 0 ? 3 * view.width : view.row_stride;
  const Tensor rows = at::from_blob(const_cast<uint8_t*>(view.rgb), {view.height, view.width, 3}, {stride, 3, 1},
                                    at::TensorOptions(at::kByte));
  return rows.permute({2, 0, 1}).clone(at::MemoryFormat::Contiguous);
}

}  // namespace foresee
