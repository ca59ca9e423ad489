#include "foresee/model/clip.h"

#include "data/picture/clip_input.h"
#include "foresee/control/picture.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
Tensor encode_clip(const ClipEncoder& encoder, std::span<const PictureView> pictures) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> frames;
  for (const PictureView& view : pictures) {
    FORESEE_CHECK(view.height == pictures.front().height && view.width == pictures.front().width,
                  "expected a clip with pictures of one size, got {} x {} and {} x {}", pictures.front().height,
                  pictures.front().width, view.height, view.width);
    frames.push_back(picture_tensor(view));
  }
  if (frames.size() == 1) frames.resize(static_cast<size_t>(encoder.tubelet), frames.front());
  FORESEE_CHECK(static_cast<int64_t>(frames.size()) % encoder.tubelet == 0,
                "expected a clip with a multiple of {} pictures, got {}", encoder.tubelet, frames.size());
  const Tensor clip = data::clip_input(at::stack(frames), encoder.pictures);
  return encoder.encode(clip.unsqueeze(0))[0];
}

}  // namespace foresee
