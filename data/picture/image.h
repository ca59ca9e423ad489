#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// Reads PNG, JPEG, BMP, ... @returns uint8 [3, H, W], RGB. @throws DataError.
Tensor read_image(const std::filesystem::path& path);
/// The same from the bytes of such a file. @param where  what messages call it.
Tensor decode_image(std::string_view bytes, const std::string& where);
/// Writes by the file's extension. @param image  uint8 [3, H, W], RGB. @throws Error.
void write_image(const std::filesystem::path& path, const Tensor& image);
/// The bytes of a PNG, for data URLs. @param image  uint8 [3, H, W], RGB.
std::vector<unsigned char> encode_png(const Tensor& image);

}  // namespace foresee::data
