#include "data/picture/resize.h"

#include <ATen/ATen.h>

#include "data/picture/resize_passes.h"
#include "jepa/core/error.h"

namespace foresee::data {

Tensor resize_pillow_bilinear(const Tensor& image, int64_t height, int64_t width, bool channels_last) {
  FORESEE_CHECK(image.dim() == 3 && image.scalar_type() == at::kByte && image.is_cpu() && image.numel() > 0,
                "expected a picture, uint8 [3, H, W] or [H, W, 3] on the CPU, got {}", foresee::describe(image));
  FORESEE_CHECK(image.size(channels_last ? 2 : 0) == 3, "expected 3 channels {}, got {}",
                channels_last ? "last" : "first", foresee::describe(image));
  FORESEE_CHECK(height > 0 && width > 0, "expected a positive size, got {} x {}", height, width);
  const Tensor source = image.contiguous();
  const int64_t in_height = source.size(channels_last ? 0 : 1), in_width = source.size(channels_last ? 1 : 2);
  const int64_t planes = channels_last ? 1 : 3, channels = channels_last ? 3 : 1;

  // Pillow leaves a pass out when its axis keeps its size.
  Tensor rows = source;
  if (width != in_width) {
    rows = at::empty({planes, in_height, width * channels}, source.options());
    resize_rows(pillow_bilinear_axis(in_width, width), source.const_data_ptr<uint8_t>(), planes * in_height, channels,
                rows.data_ptr<uint8_t>());
  }
  Tensor out = rows;
  if (height != in_height) {
    const auto axis = pillow_bilinear_axis(in_height, height);
    const int64_t line = width * channels;
    out = at::empty({planes, height, line}, source.options());
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t y = 0; y < height; ++y)
        resize_line(axis, y,
                    rows.const_data_ptr<uint8_t>() + (plane * in_height + axis.first[static_cast<size_t>(y)]) * line,
                    line, line, out.data_ptr<uint8_t>() + (plane * height + y) * line);
  }
  if (out.is_same(image)) out = out.clone();
  return channels_last ? out.reshape({height, width, 3}) : out.reshape({3, height, width});
}

}  // namespace foresee::data
