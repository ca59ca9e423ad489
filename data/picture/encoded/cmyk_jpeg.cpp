#include "data/picture/encoded/cmyk_jpeg.h"

#include <csetjmp>
#include <cstdio>
#include <vector>

// clang-format off: it needs the types of <cstdio> before it.
#include <jpeglib.h>
// clang-format on

#include "jepa/core/torch.h"

namespace foresee::data {
namespace {

constexpr int kComponents = 4;

/// libjpeg's decoder. An error in C jumps back to the function that called it, so these functions hold nothing that
/// would have to be destroyed.
class CmykDecoder {
 public:
  explicit CmykDecoder(std::string_view bytes) : bytes_(bytes) {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) {
      std::longjmp(static_cast<CmykDecoder*>(info->client_data)->back_, 1);
    };
    errors_.emit_message = [](j_common_ptr, int) {};  // what is damaged is decoded as far as it goes, as Pillow does
    info_.client_data = this;
  }
  ~CmykDecoder() { jpeg_destroy_decompress(&info_); }
  CmykDecoder(const CmykDecoder&) = delete;
  CmykDecoder& operator=(const CmykDecoder&) = delete;

  /// @returns whether it has four components and can be decoded.
  bool begin() {
    if (setjmp(back_) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    if (jpeg_read_header(&info_, TRUE) != JPEG_HEADER_OK || info_.num_components != kComponents) return false;
    info_.out_color_space = JCS_CMYK;  // also of YCCK
    return jpeg_start_decompress(&info_) != FALSE;
  }

  /// @param row  kComponents * width() bytes. @returns whether there was one more.
  bool next_row(uint8_t* row) {
    if (setjmp(back_) != 0) return false;
    JSAMPROW rows[] = {row};
    return jpeg_read_scanlines(&info_, rows, 1) == 1;
  }

  int64_t width() const { return info_.output_width; }
  int64_t height() const { return info_.output_height; }

 private:
  std::string_view bytes_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf back_{};
};

/// a * b / 255, rounded, as Pillow computes it.
int share_of(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

}  // namespace

std::optional<Tensor> decode_cmyk_jpeg(std::string_view bytes) {
  if (!bytes.starts_with("\xFF\xD8")) return std::nullopt;
  CmykDecoder decoder(bytes);
  if (!decoder.begin()) return std::nullopt;
  const int64_t width = decoder.width(), height = decoder.height();
  const Tensor image = at::empty({3, height, width}, at::kByte);
  auto* out = image.data_ptr<uint8_t>();
  std::vector<uint8_t> row(static_cast<size_t>(kComponents * width));
  for (int64_t y = 0; y < height; ++y) {
    if (!decoder.next_row(row.data())) return std::nullopt;
    for (int64_t x = 0; x < width; ++x) {
      // Inks are stored as 255 less their amount, by Adobe's convention, which Pillow takes for granted.
      const uint8_t* pixel = row.data() + kComponents * x;
      const int light = pixel[3];
      for (int64_t c = 0; c < 3; ++c)
        out[(c * height + y) * width + x] = static_cast<uint8_t>(light - share_of(255 - pixel[c], light));
    }
  }
  return image;
}

}  // namespace foresee::data
