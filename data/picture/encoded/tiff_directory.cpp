#include "data/picture/encoded/tiff_directory.h"

#include <algorithm>

namespace foresee::data {

uint64_t TiffDirectory::read(size_t at, size_t count) const {
  if (at > bytes_.size() || count > bytes_.size() - at) return 0;
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i)
    value = value << 8 | static_cast<uint8_t>(bytes_[is_big_endian() ? at + i : at + count - 1 - i]);
  return value;
}

std::optional<TiffDirectory::Entry> TiffDirectory::find(uint64_t tag) const {
  constexpr size_t kEntryBytes = 12;
  if (!bytes_.starts_with("II") && !bytes_.starts_with("MM")) return std::nullopt;
  if (read(2, 2) != 42) return std::nullopt;
  const size_t directory = read(4, 4);
  for (size_t i = 0, entries = read(directory, 2); i < entries; ++i) {
    const size_t entry = directory + 2 + kEntryBytes * i;
    if (read(entry, 2) != tag) continue;
    const uint64_t type = read(entry + 2, 2), count = read(entry + 4, 4);
    const size_t bytes_each = type == 3 ? 2 : type == 4 ? 4 : 0;  // SHORT, LONG
    if (bytes_each == 0 || count == 0) return std::nullopt;
    const size_t at = count * bytes_each <= 4 ? entry + 8 : read(entry + 8, 4);
    if (at > bytes_.size() || count * bytes_each > bytes_.size() - at) return std::nullopt;
    return Entry{at, count, bytes_each};
  }
  return std::nullopt;
}

std::vector<uint64_t> TiffDirectory::numbers(uint64_t tag) const {
  std::vector<uint64_t> all;
  if (const auto entry = find(tag))
    for (size_t i = 0; i < entry->count; ++i) all.push_back(read(entry->at + i * entry->bytes_each, entry->bytes_each));
  return all;
}

std::optional<uint64_t> TiffDirectory::number(uint64_t tag) const {
  const auto entry = find(tag);
  return entry ? std::optional(read(entry->at, entry->bytes_each)) : std::nullopt;
}

std::optional<size_t> TiffDirectory::place(uint64_t tag) const {
  const auto entry = find(tag);
  return entry ? std::optional(entry->at) : std::nullopt;
}

namespace {

/// @param exif  a directory, with or without "Exif" in front.
uint64_t orientation_in(std::string_view exif) {
  constexpr uint64_t kOrientation = 0x112;
  if (exif.starts_with("Exif")) exif.remove_prefix(std::min<size_t>(exif.size(), 6));
  const uint64_t said = TiffDirectory(exif).number(kOrientation).value_or(1);
  return said >= 1 && said <= 8 ? said : 1;
}

}  // namespace

uint64_t jpeg_orientation(std::string_view bytes) {
  constexpr uint8_t kMarker = 0xFF, kApp1 = 0xE1, kScan = 0xDA;
  const auto at = [&](size_t place) { return static_cast<uint8_t>(bytes[place]); };
  for (size_t place = 2; place + 4 <= bytes.size() && at(place) == kMarker && at(place + 1) != kScan;) {
    const size_t size = static_cast<size_t>(at(place + 2)) << 8 | at(place + 3);  // with its own two bytes
    const std::string_view content = bytes.substr(place + 4, size < 2 ? 0 : size - 2);
    if (at(place + 1) == kApp1 && content.starts_with("Exif")) return orientation_in(content);
    place += 2 + size;
  }
  return 1;
}

uint64_t webp_orientation(std::string_view bytes) {
  constexpr size_t kHeaderBytes = 8;  // of a chunk: its name, its size
  if (bytes.size() < 12 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WEBP") return 1;
  for (size_t at = 12; at + kHeaderBytes <= bytes.size();) {
    size_t size = 0;
    for (size_t i = 4; i-- > 0;) size = size << 8 | static_cast<uint8_t>(bytes[at + 4 + i]);
    if (bytes.substr(at, 4) == "EXIF") return orientation_in(bytes.substr(at + kHeaderBytes, size));
    at += kHeaderBytes + size + size % 2;
  }
  return 1;
}

}  // namespace foresee::data
