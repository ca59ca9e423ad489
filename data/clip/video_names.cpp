#include "data/clip/video_names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace foresee::data {
namespace {

constexpr std::array<std::string_view, 20> kVideos{".mp4",  ".mov", ".mkv", ".avi",  ".webm", ".m4v", ".mpg",
                                                   ".mpeg", ".m2v", ".mts", ".m2ts", ".vob",  ".wmv", ".asf",
                                                   ".flv",  ".3gp", ".3g2", ".ogv",  ".mxf",  ".divx"};
constexpr std::array<std::string_view, 11> kMaybeVideos{".ts",  ".gif",  ".dv",  ".h264", ".h265", ".264",
                                                        ".265", ".hevc", ".ivf", ".y4m",  ".mjpeg"};
constexpr std::array<std::string_view, 11> kPictures{".png",  ".jpg", ".jpeg", ".bmp", ".webp", ".tif",
                                                     ".tiff", ".ppm", ".pgm",  ".pbm", ".pnm"};

template <size_t N>
bool is_in(const std::array<std::string_view, N>& known, const std::string& extension) {
  return std::find(known.begin(), known.end(), extension) != known.end();
}

}  // namespace

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

bool is_video_name(const std::filesystem::path& path) { return is_in(kVideos, lower_extension(path)); }

bool is_picture_name(const std::filesystem::path& path) { return is_in(kPictures, lower_extension(path)); }

bool has_media_name(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  return is_in(kVideos, extension) || is_in(kMaybeVideos, extension) || is_in(kPictures, extension);
}

}  // namespace foresee::data
