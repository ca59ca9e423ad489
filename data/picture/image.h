#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// Reads PNG, JPEG, BMP, WebP, TIFF (its first picture), PBM, PGM and PPM, upright as EXIF says. Transparency is left
/// out, CMYK becomes RGB, and 16-bit numbers are scaled to 8 bits. @returns uint8 [3, H, W], RGB. @throws DataError;
/// also for a file that is cut off.
Tensor read_image(const std::filesystem::path& path);
/// The same from the bytes of such a file. @param where  what messages call it.
Tensor decode_image(std::string_view bytes, const std::string& where);
/// Refuses, without decoding it, what read_image would refuse for its structure: no picture, an empty file, one that is
/// cut off. @throws DataError.
void check_image(const std::filesystem::path& path);
/// Writes by the file's extension. @param image  uint8 [3, H, W], RGB. @throws Error.
void write_image(const std::filesystem::path& path, const Tensor& image);
/// The bytes of a PNG. @param image  uint8 [3, H, W], RGB. @param small  takes longer, for a third of the bytes.
std::vector<unsigned char> encode_png(const Tensor& image, bool small = false);

}  // namespace foresee::data
