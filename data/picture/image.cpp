#include "data/picture/image.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"

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

std::vector<unsigned char> encode(const Tensor& image, const std::string& extension) {
  std::vector<unsigned char> bytes;
  if (!cv::imencode(extension, to_bgr(image), bytes)) fail("cannot encode a picture as '{}'", extension);
  return bytes;
}

}  // namespace

Tensor decode_image(std::string_view bytes, const std::string& where) {
  if (bytes.empty()) fail<DataError>("{}: is empty (0 bytes)", where);
  cv::Mat bgr;
  try {
    const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
    bgr = cv::imdecode(buffer, cv::IMREAD_COLOR);
  } catch (const cv::Exception& error) {
    fail<DataError>("{}: cannot be read as a picture: {}", where, error.err);
  }
  if (bgr.empty()) fail<DataError>("{}: is not a picture that can be read (PNG, JPEG, BMP, ...)", where);
  cv::Mat rgb;
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  const Tensor rows = at::from_blob(rgb.data, {rgb.rows, rgb.cols, 3}, at::kByte);
  return rows.permute({2, 0, 1}).contiguous();  // [3, H, W], own memory
}

Tensor read_image(const fs::path& path) {
  std::string bytes;
  try {
    bytes = read_file(path);
  } catch (const Error& error) {
    fail<DataError>("{}", error.what());
  }
  return decode_image(bytes, path.string());
}

void write_image(const fs::path& path, const Tensor& image) {
  check_picture(image, __func__);
  const std::string extension = path.extension().string();
  if (extension.empty() || !cv::haveImageWriter("picture" + extension))
    fail("{}: no picture format is known by the extension '{}' (png, jpg, bmp, ...)", path.string(), extension);
  const std::vector<unsigned char> bytes = encode(image, extension);
  write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::vector<unsigned char> encode_png(const Tensor& image) {
  check_picture(image, __func__);
  return encode(image, ".png");
}

}  // namespace foresee::data
