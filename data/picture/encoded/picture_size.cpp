#include "data/picture/encoded/picture_size.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "data/picture/encoded/tiff_directory.h"

namespace foresee::data {
namespace {

using Size = std::optional<PictureSize>;

/// Numbers of a header; 0 beyond its end.
class Header {
 public:
  explicit Header(std::string_view bytes) : bytes_(bytes) {}

  uint64_t little(size_t at, size_t count) const { return number(at, count, /*big=*/false); }
  uint64_t big(size_t at, size_t count) const { return number(at, count, /*big=*/true); }
  bool has(size_t at, std::string_view text) const {
    return at <= bytes_.size() && bytes_.substr(at).starts_with(text);
  }
  size_t size() const { return bytes_.size(); }
  std::string_view bytes() const { return bytes_; }

 private:
  uint64_t number(size_t at, size_t count, bool big) const {
    if (at > bytes_.size() || count > bytes_.size() - at) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i)
      value = value << 8 | static_cast<uint8_t>(bytes_[big ? at + i : at + count - 1 - i]);
    return value;
  }

  std::string_view bytes_;
};

/// The first start-of-frame segment.
Size jpeg_size(const Header& in) {
  for (size_t at = 2; at + 9 < in.size();) {
    if (in.big(at, 1) != 0xFF) return {};
    const uint64_t marker = in.big(at + 1, 1);
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) return PictureSize{in.big(at + 7, 2), in.big(at + 5, 2)};
    const bool alone = marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
    const uint64_t length = alone ? 0 : in.big(at + 2, 2);
    if (!alone && length < 2) return {};
    at += 2 + length;
  }
  return {};
}

/// Negative heights say that rows come from the top.
Size bmp_size(const Header& in) {
  if (in.little(14, 4) == 12) return PictureSize{in.little(18, 2), in.little(20, 2)};
  const auto magnitude = [&](size_t at) {
    const auto value = static_cast<int32_t>(in.little(at, 4));
    return static_cast<uint64_t>(value < 0 ? -int64_t{value} : int64_t{value});
  };
  return PictureSize{magnitude(18), magnitude(22)};
}

Size webp_size(const Header& in) {
  if (in.has(12, "VP8X")) return PictureSize{in.little(24, 3) + 1, in.little(27, 3) + 1};
  if (in.has(12, "VP8L")) {
    const uint64_t bits = in.little(21, 4);
    return PictureSize{(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1};
  }
  if (in.has(12, "VP8 ")) return PictureSize{in.little(26, 2) & 0x3FFF, in.little(28, 2) & 0x3FFF};
  return {};
}

Size tiff_size(std::string_view bytes) {
  const TiffDirectory directory(bytes);
  return PictureSize{directory.number(256).value_or(0), directory.number(257).value_or(0)};
}

/// "P6 # a comment\n640 480\n255\n"
Size pnm_size(std::string_view text) {
  uint64_t numbers[2] = {0, 0};
  size_t at = 2;
  for (auto& number : numbers) {
    while (at < text.size() && (std::strchr(" \t\r\n", text[at]) != nullptr || text[at] == '#')) {
      if (text[at] == '#') at = std::min(text.find('\n', at), text.size() - 1);
      ++at;
    }
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
    if (error != std::errc()) return {};
    at = static_cast<size_t>(end - text.data());
  }
  return PictureSize{numbers[0], numbers[1]};
}

}  // namespace

Size encoded_picture_size(std::string_view bytes) {
  const Header in(bytes);
  Size size;
  if (in.has(0, "\x89PNG\r\n\x1a\n"))
    size = PictureSize{in.big(16, 4), in.big(20, 4)};
  else if (in.has(0, "\xFF\xD8"))
    size = jpeg_size(in);
  else if (in.has(0, "BM"))
    size = bmp_size(in);
  else if (in.has(0, "RIFF") && in.has(8, "WEBP"))
    size = webp_size(in);
  else if (in.has(0, "II") || in.has(0, "MM"))
    size = tiff_size(bytes);
  else if (in.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6')
    size = pnm_size(bytes);
  if (size && (size->width == 0 || size->height == 0)) return {};
  return size;
}

}  // namespace foresee::data
