#pragma once

#include <filesystem>
#include <string>

namespace foresee::data {

/// The extension in lower case, with its point.
std::string lower_extension(const std::filesystem::path& path);
/// True for names that say "video", in any case: .mp4, .mov, .mpg, .wmv, ... Such a file is opened, and named when that
/// fails. Left out are endings that mean other things as often (.ts, .gif): these are tried by content.
bool is_video_name(const std::filesystem::path& path);
/// True for .png, .jpg, .jpeg, .bmp, .webp, .tif, .tiff, .ppm, .pgm, .pbm and .pnm, in any case: pictures that are
/// read.
bool is_picture_name(const std::filesystem::path& path);
/// True for names of videos of any kind and of pictures.
bool has_media_name(const std::filesystem::path& path);

}  // namespace foresee::data
