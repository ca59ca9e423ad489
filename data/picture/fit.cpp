#include "data/picture/fit.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "data/picture/resize.h"
#include "jepa/core/error.h"

namespace foresee::data {

std::optional<PictureFit> fit_of(const PictureSpec& spec) {
  if (spec.transform == PictureTransform::kCenterSquare) return std::nullopt;
  const bool own = spec.transform == PictureTransform::kFamily || spec.transform == PictureTransform::kFit;
  for (const auto& [shape, rule] :
       {std::pair{PictureShape::kResize, PictureRule::kResize}, std::pair{PictureShape::kCrop, PictureRule::kCrop},
        std::pair{PictureShape::kPad, PictureRule::kPad}})
    if (own && spec.picture == shape) return PictureFit{.size = spec.size, .width = spec.size, .rule = rule};
  fail("expected a model whose pictures are resized, cut or padded, got one with the rule {}", rule_name(spec));
}

Tensor fit_picture(const Tensor& picture, const PictureFit& fit) {
  FORESEE_CHECK(picture.dim() == 3 && picture.size(0) == 3 && picture.numel() > 0 && fit.size > 0,
                "expected a picture uint8 [3, H, W] and a positive size, got {} and {}", foresee::describe(picture),
                fit.size);
  const int64_t height = picture.size(1), width = picture.size(2), rows = fit.height(), columns = fit.columns();
  if (height == rows && width == columns) return picture;
  if (fit.rule == PictureRule::kResize) return resize_pillow_bilinear(picture.contiguous(), rows, columns);
  // The largest part of the wanted shape, or the smallest frame of it that holds the picture.
  const bool wide = width * rows > height * columns;  // wider than wanted
  if (fit.rule == PictureRule::kCrop) {
    const int64_t kept_height = wide ? height : std::max<int64_t>(1, width * rows / columns),
                  kept_width = wide ? std::max<int64_t>(1, height * columns / rows) : width;
    const Tensor part =
        picture.narrow(1, (height - kept_height) / 2, kept_height).narrow(2, (width - kept_width) / 2, kept_width);
    return resize_pillow_bilinear(part.contiguous(), rows, columns);
  }
  const int64_t inner_rows = wide ? std::max<int64_t>(1, (height * columns + width / 2) / width) : rows,
                inner_columns = wide ? columns : std::max<int64_t>(1, (width * rows + height / 2) / height);
  Tensor out = at::zeros({3, rows, columns}, picture.options());
  out.narrow(1, (rows - inner_rows) / 2, inner_rows)
      .narrow(2, (columns - inner_columns) / 2, inner_columns)
      .copy_(resize_pillow_bilinear(picture.contiguous(), inner_rows, inner_columns));
  return out;
}

Tensor fit_views(std::span<const Tensor> views, const PictureFit& fit) {
  FORESEE_CHECK(!views.empty(), "expected at least one picture");
  if (views.size() == 1) return fit_picture(views.front(), fit);
  const auto count = static_cast<int64_t>(views.size());
  int64_t across = 1;
  while (across * across < count) ++across;
  const int64_t down = (count + across - 1) / across;
  FORESEE_CHECK(fit.height() >= down && fit.columns() >= across, "expected room for {} views, got {} x {} pixels",
                count, fit.height(), fit.columns());
  Tensor out = at::zeros({3, fit.height(), fit.columns()}, at::kByte);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = i / across, column = i % across;
    const int64_t top = row * fit.height() / down, bottom = (row + 1) * fit.height() / down;
    const int64_t left = column * fit.columns() / across, right = (column + 1) * fit.columns() / across;
    const PictureFit cell{.size = bottom - top, .width = right - left, .rule = fit.rule};
    out.narrow(1, top, bottom - top)
        .narrow(2, left, right - left)
        .copy_(fit_picture(views[static_cast<size_t>(i)], cell));
  }
  return out;
}

}  // namespace foresee::data
