#include "data/episode/picture_form.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr std::string_view kNames[] = {"pixels", "image", "images", "rgb", "frame", "frames", "observation", "obs"};
constexpr std::string_view kBegins[] = {"pixels_", "image_", "images_", "observation_image"};
constexpr std::string_view kEnds[] = {"_image", "_images", "_rgb", "_pixels"};
constexpr int64_t kLeastSide = 5;  // pixels; what is smaller is no picture

std::string form_text(const ColumnInfo& column) {
  return fmt::format("{} [{}]", c10::getDtypeNames(column.dtype).first, fmt::join(column.shape, ", "));
}

}  // namespace

bool is_picture_name(const std::string& name) {
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) ||
         std::any_of(std::begin(kBegins), std::end(kBegins), [&](auto part) { return name.starts_with(part); }) ||
         std::any_of(std::begin(kEnds), std::end(kEnds), [&](auto part) { return name.ends_with(part); });
}

std::optional<PictureForm> picture_form(const ColumnInfo& column, std::string& reason) {
  const auto& shape = column.shape;
  PictureForm form;
  if (shape.size() == 2 && shape[0] >= kLeastSide && shape[1] >= kLeastSide) {
    form.channels = 1;
    form.channel_axis = false;
  } else if (shape.size() == 3) {
    const auto channels = [](int64_t n) { return n == 1 || n == 3 || n == 4; };
    if (channels(shape[2]) && shape[0] >= kLeastSide && shape[1] >= kLeastSide) {
      form.channels = shape[2];
    } else if (channels(shape[0]) && shape[1] >= kLeastSide && shape[2] >= kLeastSide) {
      form.channels = shape[0];
      form.channels_first = true;
    } else {
      if (shape[0] >= kLeastSide && shape[1] >= kLeastSide)
        reason = fmt::format("{}: pictures have 1, 3 or 4 channels, first or last", form_text(column));
      return {};
    }
  } else {
    if (shape.size() > 3) reason = fmt::format("{}: expected pictures uint8 [H, W, 3]", form_text(column));
    return {};
  }
  if (at::isFloatingType(column.dtype)) {
    form.values = PictureForm::Values::kUnknown;
  } else if (column.dtype == at::kBool) {
    reason = fmt::format("{}: masks are no pictures; store uint8 [H, W, 3]", form_text(column));
    return {};
  } else if (column.dtype != at::kByte) {
    reason = fmt::format("{}: pictures of more than 8 bits (depth?) would lose digits; store uint8 [H, W, 3]",
                         form_text(column));
    return {};
  }
  return form;
}

PictureForm PictureForm::seen(const Tensor& rows, std::string& reason) const {
  PictureForm form = *this;
  const double low = rows.min().item<double>(), high = rows.max().item<double>();
  if (low >= 0 && high <= 1)
    form.values = Values::kUnit;
  else if (low >= 0 && high <= 255 && high > 2)
    form.values = Values::kLevels;
  else
    reason = fmt::format("floats {:g} .. {:g}: pictures lie in 0 .. 1 or 0 .. 255 (normalised already?)", low, high);
  return form;
}

std::vector<int64_t> PictureForm::rgb_shape(const std::vector<int64_t>& shape) const {
  return channels_first ? std::vector<int64_t>{shape[1], shape[2], 3} : std::vector<int64_t>{shape[0], shape[1], 3};
}

Tensor PictureForm::rgb(const Tensor& rows) const {
  Tensor out = rows;
  if (!channel_axis) out = out.unsqueeze(-1);
  if (channels_first) out = out.permute({0, 2, 3, 1});
  if (channels == 1) out = out.expand({-1, -1, -1, 3});
  if (channels == 4) out = out.slice(3, 0, 3);
  if (values == Values::kUnit) out = out * 255;
  if (values != Values::kBytes) out = out.round().clamp(0, 255).nan_to_num(0.0).to(at::kByte);
  return out.contiguous();
}

std::string PictureForm::text(const ColumnInfo& stored) const {
  std::string text = form_text(stored) + " is read as RGB";
  if (channels_first) text += ", channels moved last";
  if (channels == 1) text += ", grey repeated";
  if (channels == 4) text += ", the fourth channel dropped";
  if (values == Values::kUnit) text += ", 0 .. 1 times 255";
  return text;
}

Tensor stack_pictures(std::span<const Tensor> pictures, const std::string& where) {
  for (size_t i = 1; i < pictures.size(); ++i)
    if (pictures[i].sizes() != pictures[0].sizes())
      fail<DataError>("{}: {} rows on a picture is {} x {}, this one {} x {}", where, i, pictures[i].size(0),
                      pictures[i].size(1), pictures[0].size(0), pictures[0].size(1));
  return at::stack(at::TensorList(pictures.data(), pictures.size())).contiguous();
}

}  // namespace foresee::data
