#pragma once

#include <optional>
#include <span>

#include "jepa/core/picture/picture_spec.h"
#include "jepa/core/picture_rule.h"
#include "jepa/core/tensor.h"

namespace foresee::data {

/// The size that pictures are brought to: a square, where no width is said.
struct PictureFit {
  int64_t size = 0;   // height, pixels
  int64_t width = 0;  // pixels; 0: as `size`
  PictureRule rule = PictureRule::kResize;

  int64_t height() const { return size; }
  int64_t columns() const { return width > 0 ? width : size; }
};

/// What a model's pictures are brought to before it sees them, as bytes. Nothing where its own encode takes any size
/// (kCenterSquare). @throws Error for a transform that makes no bytes.
std::optional<PictureFit> fit_of(const PictureSpec& spec);

/// Brings a picture to a size by a rule: squeezed, its centre of the wanted shape, or whole with black around it.
/// Works with Pillow's bilinear resize (resize_pillow_bilinear): the same bytes on
/// every machine, in training, planning and evaluation. A picture of that size stays as it is.
/// @param picture  uint8 [3, H, W], RGB. @returns uint8 [3, height, width]. @throws Error for another shape.
Tensor fit_picture(const Tensor& picture, const PictureFit& fit);

/// Puts the views of several cameras side by side into one picture, each brought to its cell of a grid by the rule: two
/// cameras halve the width, three or four make 2 x 2 cells. A ViT then sees the patches of all views, each with its
/// place, as in Multi-View Masked World Models (Seo et al. 2023, arXiv 2302.02408). One view is fit_picture.
/// @param views  uint8 [3, H, W], any sizes, always in the same order. @returns uint8 [3, height, width].
Tensor fit_views(std::span<const Tensor> views, const PictureFit& fit);

}  // namespace foresee::data
