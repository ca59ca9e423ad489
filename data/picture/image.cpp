#include "data/picture/image.h"

#include <cerrno>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "data/picture/encoded/cmyk_jpeg.h"
#include "data/picture/encoded/picture_end.h"
#include "data/picture/encoded/picture_size.h"
#include "data/picture/encoded/tiff_directory.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/memory.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

void check_picture(const Tensor& image, const char* function) {
  if (image.scalar_type() != at::kByte || image.dim() != 3 || image.size(0) != 3 || image.numel() == 0)
    fail("[{}] expected a picture uint8 [3, H, W], got {}", function, describe(image));
}

// OpenCV's order: rows of B, G, R.
cv::Mat to_bgr(const Tensor& image) {
  const Tensor rows = image.cpu().permute({1, 2, 0}).contiguous();  // [H, W, 3]
  const cv::Mat rgb(static_cast<int>(rows.size(0)), static_cast<int>(rows.size(1)), CV_8UC3, rows.data_ptr<uint8_t>());
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  return bgr;
}

std::vector<unsigned char> encode(const Tensor& image, const std::string& extension,
                                  const std::vector<int>& parameters = {}) {
  std::vector<unsigned char> bytes;
  if (!cv::imencode(extension, to_bgr(image), bytes, parameters)) fail("cannot encode a picture as '{}'", extension);
  return bytes;
}

constexpr const char* kNoPicture = "is not a picture that can be read (PNG, JPEG, BMP, WebP, TIFF, PNM)";

/// Refuses what is no picture, or not all of one, and what would take far more memory than its bytes speak for, before
/// anything is decoded.
void check_encoded(std::string_view bytes, const std::string& where) {
  // OpenCV's picture, and ours; where it has 16 bits, a third of 8 between them.
  const bool deep = bytes.size() > 24 && bytes.starts_with("\x89PNG") && bytes[24] == 16;
  const uint64_t kBytesPerPixel = deep ? 12 : 6;
  constexpr uint64_t kMostPixels = uint64_t{1} << 27, kRatio = 200;
  if (bytes.empty()) fail<DataError>("{}: is empty (0 bytes)", where);
  if (const auto reason = why_not_whole(bytes)) fail<DataError>("{}: {}", where, *reason);
  const auto size = encoded_picture_size(bytes);
  if (!size) fail<DataError>("{}: {}", where, kNoPicture);
  if (size->width > kMostPixels || size->height > kMostPixels || size->width * size->height > kMostPixels)
    fail<DataError>("{}: a picture of {} x {} pixels, expected at most {} pixels", where, size->width, size->height,
                    kMostPixels);
  ReadBudget(where, bytes.size(), kRatio)
      .take(size->width * size->height * kBytesPerPixel,
            fmt::format("a picture of {} x {} pixels", size->width, size->height));
}

/// A TIFF whose alpha is said to be multiplied in already, where it is not: libtiff would multiply it in, and alpha is
/// dropped here. Others as they are.
std::string with_alpha_left_alone(std::string_view bytes) {
  constexpr uint64_t kExtraSamples = 338, kUnassociated = 2, kAssociated = 1;
  std::string copy(bytes);
  const TiffDirectory directory(bytes);
  const auto place = directory.place(kExtraSamples);
  if (place && directory.number(kExtraSamples) == kUnassociated)
    copy[*place + (directory.is_big_endian() ? 1 : 0)] = static_cast<char>(kAssociated);
  return copy;
}

/// @param orientation  as EXIF numbers it, 1 to 8.
Tensor upright(const Tensor& image, uint64_t orientation) {
  const Tensor turned = orientation >= 5 ? image.transpose(1, 2) : image;
  std::vector<int64_t> mirrored;
  if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8) mirrored.push_back(1);
  if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7) mirrored.push_back(2);
  return (mirrored.empty() ? turned : turned.flip(mirrored)).contiguous();
}

std::string bytes_of(const fs::path& path) {
  try {
    return read_file(path);
  } catch (const Error& error) {
    if (is_shortage(errno)) throw;  // not the file's fault: it must not be left out as a broken one
    fail<DataError>("{}", error.what());
  }
}

}  // namespace

Tensor decode_image(std::string_view encoded, const std::string& where) {
  check_encoded(encoded, where);
  if (const auto image = decode_cmyk_jpeg(encoded)) return upright(*image, jpeg_orientation(encoded));
  const bool tiff = encoded.starts_with("II") || encoded.starts_with("MM"), webp = encoded.starts_with("RIFF");
  const std::string patched = tiff ? with_alpha_left_alone(encoded) : std::string();
  const std::string_view bytes = tiff ? std::string_view(patched) : encoded;
  // Not every version of OpenCV turns WebP upright.
  const int flags = cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH | (webp ? cv::IMREAD_IGNORE_ORIENTATION : 0);
  cv::Mat bgr;
  try {
    const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
    bgr = cv::imdecode(buffer, flags);
  } catch (const cv::Exception& error) {
    fail<DataError>("{}: cannot be read as a picture: {}", where, error.err);
  }
  if (bgr.empty())
    fail<DataError>("{}: its data cannot be decoded: they are damaged, or of a kind that is not read", where);
  if (bgr.depth() == CV_16U) {  // 0 to 65535 becomes 0 to 255, rounded
    cv::Mat bytes_of_it;
    bgr.convertTo(bytes_of_it, CV_8U, 1.0 / 257);
    bgr = bytes_of_it;
  }
  if (bgr.depth() != CV_8U)
    fail<DataError>("{}: its numbers are neither 8 nor 16 bits long; pictures of other depths are not read", where);
  const Tensor image = at::empty({3, bgr.rows, bgr.cols}, at::kByte);
  for (int channel = 0; channel < 3; ++channel) {  // B, G, R -> R, G, B
    cv::Mat plane(bgr.rows, bgr.cols, CV_8UC1, image[2 - channel].data_ptr<uint8_t>());
    cv::extractChannel(bgr, plane, channel);
  }
  return webp ? upright(image, webp_orientation(bytes)) : image;
}

Tensor read_image(const fs::path& path) { return decode_image(bytes_of(path), path.string()); }

void check_image(const fs::path& path) { check_encoded(bytes_of(path), path.string()); }

void write_image(const fs::path& path, const Tensor& image) {
  check_picture(image, __func__);
  const std::string extension = path.extension().string();
  if (extension.empty() || !cv::haveImageWriter("picture" + extension))
    fail("{}: no picture format is known by the extension '{}' (png, jpg, bmp, ...)", path.string(), extension);
  const std::vector<unsigned char> bytes = encode(image, extension);
  write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::vector<unsigned char> encode_png(const Tensor& image, bool small) {
  check_picture(image, __func__);
  if (!small) return encode(image, ".png");
  return encode(image, ".png",
                {cv::IMWRITE_PNG_COMPRESSION, 9, cv::IMWRITE_PNG_STRATEGY, cv::IMWRITE_PNG_STRATEGY_DEFAULT});
}

}  // namespace foresee::data
