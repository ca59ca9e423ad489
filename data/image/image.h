#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// Reads PNG, JPEG, BMP, ... @returns uint8 [3, H, W], RGB. @throws DataError.
Tensor read_image(const std::filesystem::path& path);
/// Writes by the file's extension. @param image  uint8 [3, H, W], RGB. @throws Error.
void write_image(const std::filesystem::path& path, const Tensor& image);
/// The bytes of a PNG, for data URLs. @param image  uint8 [3, H, W], RGB.
std::vector<unsigned char> encode_png(const Tensor& image);

}  // namespace foresee::data
