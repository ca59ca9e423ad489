#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace foresee::data {

/// The first directory of a TIFF file, which is also what EXIF data are. What lies beyond the end counts as absent.
class TiffDirectory {
 public:
  explicit TiffDirectory(std::string_view bytes) : bytes_(bytes) {}

  /// The whole numbers of a tag; empty where it is not there.
  std::vector<uint64_t> numbers(uint64_t tag) const;
  /// The only number of a tag, or the first.
  std::optional<uint64_t> number(uint64_t tag) const;
  /// Where a tag's first number stands.
  std::optional<size_t> place(uint64_t tag) const;
  bool is_big_endian() const { return bytes_.starts_with("MM"); }
  /// Whether it is the form for more than 4 GB, whose tags are not found.
  bool is_big_tiff() const { return read(2, 2) == 43; }

 private:
  struct Entry {
    size_t at, count, bytes_each;
  };
  std::optional<Entry> find(uint64_t tag) const;
  uint64_t read(size_t at, size_t count) const;

  std::string_view bytes_;
};

/// How a JPEG has to be turned to be upright, as EXIF numbers it: 1 (it is) to 8.
uint64_t jpeg_orientation(std::string_view bytes);
/// How a WebP picture has to be turned to be upright, as EXIF numbers it: 1 (it is) to 8.
uint64_t webp_orientation(std::string_view bytes);

}  // namespace foresee::data
