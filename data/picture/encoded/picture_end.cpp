#include "data/picture/encoded/picture_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <utility>

#include "data/picture/encoded/tiff_directory.h"

namespace foresee::data {
namespace {

using Reason = std::optional<std::string>;

constexpr const char* kCutOff = "is cut off: its end is missing";

uint64_t big(std::string_view bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

uint64_t little(std::string_view bytes, size_t at, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

/// Segment by segment to the marker of the end; what lies behind it does not matter.
Reason jpeg_end(std::string_view bytes) {
  for (size_t at = 2;;) {
    at = bytes.find('\xFF', at);  // in the picture's data other bytes lie between markers
    if (at == std::string_view::npos || at + 1 >= bytes.size()) return kCutOff;
    const auto marker = static_cast<uint8_t>(bytes[at + 1]);
    if (marker == 0xD9) return std::nullopt;
    if (marker == 0xFF) {
      ++at;
    } else if (marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += 2;
    } else {
      if (at + 4 > bytes.size()) return kCutOff;
      at += 2 + big(bytes, at + 2, 2);
    }
  }
}

/// Chunk by chunk to the one of the end.
Reason png_end(std::string_view bytes) {
  for (size_t at = 8; bytes.size() >= at + 12;) {
    if (bytes.substr(at + 4, 4) == "IEND") return std::nullopt;
    at += 12 + big(bytes, at, 4);
  }
  return kCutOff;
}

/// Pictures without compression: rows of 4 bytes' multiples.
Reason bmp_end(std::string_view bytes) {
  if (bytes.size() < 54 || little(bytes, 14, 4) < 40) return std::nullopt;
  const uint64_t offset = little(bytes, 10, 4), bits = little(bytes, 28, 2), compression = little(bytes, 30, 4);
  const auto width = static_cast<int32_t>(little(bytes, 18, 4)), height = static_cast<int32_t>(little(bytes, 22, 4));
  if (compression != 0 || width <= 0 || height == 0) return std::nullopt;
  const uint64_t rows = static_cast<uint64_t>(height < 0 ? -int64_t{height} : int64_t{height});
  const uint64_t stride = (static_cast<uint64_t>(width) * bits + 31) / 32 * 4;
  return bytes.size() < offset + stride * rows ? Reason(kCutOff) : std::nullopt;
}

/// Kinds of TIFF that OpenCV does not decode, or not to the colours that are meant.
Reason tiff_kind(const TiffDirectory& directory) {
  constexpr uint64_t kBits = 258, kColours = 262, kNumbers = 339, kMostBits = 16, kUnsigned = 1, kLab = 8;
  if (directory.is_big_tiff()) return "is a BigTIFF, which is not read; a TIFF of up to 4 GB is";
  const uint64_t bits = directory.number(kBits).value_or(1), numbers = directory.number(kNumbers).value_or(kUnsigned);
  if (bits > kMostBits || numbers != kUnsigned)
    return fmt::format("holds {} of {} bits; whole numbers from 0, of 8 or 16 bits, are read",
                       numbers == 3   ? "fractions"
                       : numbers == 2 ? "signed numbers"
                                      : "numbers",
                       bits);
  if (const uint64_t colours = directory.number(kColours).value_or(0); colours >= kLab && colours <= kLab + 2)
    return "has colours of CIE L*a*b*; RGB, grey, palettes, CMYK and YCbCr are read";
  return std::nullopt;
}

/// The strips or tiles of the first picture lie in the file; decoders leave black what does not.
Reason tiff_end(std::string_view bytes) {
  constexpr std::pair<uint64_t, uint64_t> kParts[] = {{273, 279}, {324, 325}};  // offsets and bytes: strips, tiles
  const TiffDirectory directory(bytes);
  if (auto kind = tiff_kind(directory)) return kind;
  for (const auto& [offsets, sizes] : kParts) {
    const auto begins = directory.numbers(offsets), lengths = directory.numbers(sizes);
    for (size_t i = 0; i < std::min(begins.size(), lengths.size()); ++i)
      if (begins[i] + lengths[i] > bytes.size()) return kCutOff;
  }
  return std::nullopt;
}

/// "P6 # a comment\n640 480\n255\n" and the bytes of binary forms.
Reason pnm_end(std::string_view bytes) {
  const char form = bytes[1];
  const bool bits = form == '1' || form == '4';
  uint64_t numbers[3] = {0, 0, 1};
  size_t at = 2;
  for (size_t i = 0; i < (bits ? 2 : 3); ++i) {
    while (at < bytes.size() && (std::strchr(" \t\r\n", bytes[at]) != nullptr || bytes[at] == '#')) {
      if (bytes[at] == '#') at = std::min(bytes.find('\n', at), bytes.size() - 1);
      ++at;
    }
    const auto [end, error] = std::from_chars(bytes.data() + at, bytes.data() + bytes.size(), numbers[i]);
    if (error != std::errc()) return kCutOff;
    at = static_cast<size_t>(end - bytes.data());
  }
  const auto [width, height, most] = numbers;
  if (!bits && most != 255 && most != 65535) return fmt::format("has numbers up to {}; 255 and 65535 are read", most);
  if (form < '4') return std::nullopt;  // text: the decoder counts
  const uint64_t row = bits ? (width + 7) / 8 : width * (form == '6' ? 3 : 1) * (most > 255 ? 2 : 1);
  return bytes.size() - std::min(bytes.size(), at + 1) < row * height ? Reason(kCutOff) : std::nullopt;
}

}  // namespace

Reason why_not_whole(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8")) return jpeg_end(bytes);
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return png_end(bytes);
  if (bytes.starts_with("BM")) return bmp_end(bytes);
  if (bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP")
    return little(bytes, 4, 4) + 8 > bytes.size() ? Reason(kCutOff) : std::nullopt;
  if (bytes.starts_with("II") || bytes.starts_with("MM")) return tiff_end(bytes);
  if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6') return pnm_end(bytes);
  return std::nullopt;
}

}  // namespace foresee::data
