#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace foresee::data {

struct PictureSize {
  uint64_t width, height;
};

/// What the header of an encoded picture says, without decoding it: PNG, JPEG, BMP, WebP, TIFF (its first picture),
/// PBM, PGM and PPM. Nothing for other formats and damaged headers.
std::optional<PictureSize> encoded_picture_size(std::string_view bytes);

}  // namespace foresee::data
