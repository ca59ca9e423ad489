#include "data/episode/hdf5/packed_chunks.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "data/episode/hdf5/handle.h"
#include "jepa/core/error.h"

#ifdef FORESEE_HAVE_ZLIB
#include <zlib.h>
#endif

namespace foresee::data {
namespace {

constexpr H5Z_filter_t kBloscPacking = 32001, kZstandardPacking = 32015;

template <class T>
T number_at(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// Bytes that a zlib stream inflates to, or limit + 1; nothing where it is damaged.
std::optional<uint64_t> inflated_bytes([[maybe_unused]] std::string_view packed, [[maybe_unused]] uint64_t limit) {
#ifdef FORESEE_HAVE_ZLIB
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) fail("zlib does not start");
  std::array<Bytef, 32768> nowhere;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());  // a chunk has less than 4 GB
  uint64_t made = 0;
  int status = Z_OK;
  while (status == Z_OK && made <= limit) {
    stream.next_out = nowhere.data();
    stream.avail_out = nowhere.size();
    status = inflate(&stream, Z_NO_FLUSH);
    made += nowhere.size() - stream.avail_out;
    if (stream.avail_out != 0 && stream.avail_in == 0 && status == Z_OK) break;  // cut off
  }
  inflateEnd(&stream);
  if (made > limit) return limit + 1;
  if (status != Z_STREAM_END) return std::nullopt;
  return made;
#else
  fail("packed with gzip, and this build has no zlib (Debian: zlib1g-dev)");
#endif
}

/// What the header of a Blosc buffer says; nothing where it is not as long as it says.
std::optional<uint64_t> blosc_bytes(std::string_view packed) {
  constexpr size_t kHeader = 16;
  if (packed.size() < kHeader || number_at<uint32_t>(packed, 12) != packed.size()) return std::nullopt;
  return number_at<uint32_t>(packed, 4);
}

/// What the header of a Zstandard frame says (RFC 8878, 3.1.1.1); nothing where it does not say it.
std::optional<uint64_t> zstandard_bytes(std::string_view packed) {
  if (packed.size() < 18 || number_at<uint32_t>(packed, 0) != 0xFD2FB528U) return std::nullopt;
  const auto descriptor = number_at<uint8_t>(packed, 4);
  const bool single = (descriptor & 0x20) != 0;
  const size_t dictionary = std::array<size_t, 4>{0, 1, 2, 4}[descriptor & 3], at = 5 + (single ? 0 : 1) + dictionary;
  switch (descriptor >> 6) {
    case 0:
      return single ? std::optional<uint64_t>(number_at<uint8_t>(packed, at)) : std::nullopt;
    case 1:
      return number_at<uint16_t>(packed, at) + uint64_t{256};
    case 2:
      return number_at<uint32_t>(packed, at);
    default:
      return number_at<uint64_t>(packed, at);
  }
}

}  // namespace

PackedChunks::PackedChunks(std::filesystem::path path, hid_t dataset, std::string name)
    : path_(std::move(path)), name_(std::move(name)) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose), space(H5Dget_space(dataset), H5Sclose),
      type(H5Dget_type(dataset), H5Tclose);
  if (H5Pget_layout(creation.get()) != H5D_CHUNKED) return;
  for (int i = 0, count = H5Pget_nfilters(creation.get()); i < count; ++i) {
    std::array<char, 40> called{};
    unsigned flags = 0;
    size_t options = 0;
    const H5Z_filter_t id = H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &options, nullptr,
                                           called.size() - 1, called.data(), nullptr);
    filters_.push_back({id, called.data()});
  }
  if (filters_.empty()) return;
  const auto rank = static_cast<size_t>(H5Sget_simple_extent_ndims(space.get()));
  extent_.resize(rank);
  chunk_.resize(rank);
  H5Sget_simple_extent_dims(space.get(), extent_.data(), nullptr);
  if (H5Pget_chunk(creation.get(), static_cast<int>(rank), chunk_.data()) != static_cast<int>(rank))
    refuse("its chunks have another rank than its rows");
  unsigned kept_plain = 0;
#if H5_VERSION_GE(1, 10, 0)
  H5Pget_chunk_opts(creation.get(), &kept_plain);
#endif
  edges_stay_plain_ = kept_plain != 0;
  chunk_bytes_ = H5Tget_size(type.get());
  uint64_t chunks = 1;
  for (size_t axis = 0; axis < rank; ++axis) {
    if (chunk_[axis] == 0 || __builtin_mul_overflow(chunk_bytes_, uint64_t{chunk_[axis]}, &chunk_bytes_))
      refuse("its chunks have no size");
    grid_.push_back(extent_[axis] / chunk_[axis] + (extent_[axis] % chunk_[axis] != 0 ? 1 : 0));
    constexpr uint64_t kMostChunks = 1 << 28;
    if (__builtin_mul_overflow(chunks, uint64_t{grid_.back()}, &chunks) || chunks > kMostChunks)
      refuse("its rows are cut into too many chunks");
  }
  sound_.resize(chunks, false);
}

void PackedChunks::refuse(const std::string& what) const {
  fail<DataError>("{}: column '{}': {}", path_.string(), name_, what);
}

void PackedChunks::check(hid_t dataset, int64_t first, int64_t count) {
  if (filters_.empty() || count <= 0 || sound_.empty()) return;
  size_t each = 1;  // chunks with the same rows
  for (size_t axis = 1; axis < grid_.size(); ++axis) each *= grid_[axis];
  const size_t begin = static_cast<size_t>(first) / chunk_[0] * each,
               end = (static_cast<size_t>(first + count - 1) / chunk_[0] + 1) * each;
  std::vector<hsize_t> offset(grid_.size());
  for (size_t number = begin; number < std::min(end, sound_.size()); ++number) {
    if (sound_[number]) continue;
    for (size_t axis = grid_.size(), rest = number; axis-- > 0; rest /= grid_[axis])
      offset[axis] = rest % grid_[axis] * chunk_[axis];
    measure(dataset, offset);
    sound_[number] = true;
  }
}

void PackedChunks::measure(hid_t dataset, const std::vector<hsize_t>& offset) {
  hsize_t bytes = 0;
  // A chunk that was never written has no bytes.
  if (H5Dget_chunk_storage_size(dataset, offset.data(), &bytes) < 0 || bytes == 0) return;
  if (bytes > std::filesystem::file_size(path_)) refuse("a chunk is larger than the file");
  std::string chunk(bytes, '\0');
  uint32_t skipped = 0;
  if (H5Dread_chunk(dataset, H5P_DEFAULT, offset.data(), &skipped, chunk.data()) < 0)
    refuse("a chunk cannot be read: " + hdf5_reason());
  bool plain = false;
  for (size_t axis = 0; edges_stay_plain_ && axis < offset.size(); ++axis)
    plain = plain || offset[axis] + chunk_[axis] > extent_[axis];
  const uint64_t unpacked = plain ? bytes : unpacked_bytes(chunk, skipped, chunk_bytes_);
  if (unpacked != chunk_bytes_)
    refuse(fmt::format("a chunk unpacks to {} {} bytes, its rows have {}",
                       unpacked > chunk_bytes_ ? "more than" : "only", std::min(unpacked, chunk_bytes_), chunk_bytes_));
}

uint64_t PackedChunks::unpacked_bytes(std::string_view chunk, uint32_t skipped_filters, uint64_t limit) const {
  uint64_t bytes = chunk.size();
  bool known = true;  // `chunk` holds what the next filter gets
  for (size_t i = filters_.size(); i-- > 0;) {
    if (i < 32 && (skipped_filters >> i & 1U) != 0) continue;
    const Filter& filter = filters_[i];
    if (filter.id == H5Z_FILTER_SHUFFLE) {  // the same bytes in another order
      known = false;
      continue;
    }
    if (filter.id == H5Z_FILTER_FLETCHER32) {
      constexpr uint64_t kChecksum = 4;
      if (bytes < kChecksum) refuse("a chunk is shorter than its checksum");
      bytes -= kChecksum;
      if (known) chunk.remove_suffix(kChecksum);
      continue;
    }
    if (H5Zfilter_avail(filter.id) <= 0) return limit;  // the library says so, and unpacks nothing
    std::optional<uint64_t> made;
    if (!known)
      refuse("its chunks went through filters in an order that is not read");
    else if (filter.id == H5Z_FILTER_DEFLATE)
      made = inflated_bytes(chunk, limit + 4 * filters_.size());
    else if (filter.id == kBloscPacking)
      made = blosc_bytes(chunk);
    else if (filter.id == kZstandardPacking)
      made = zstandard_bytes(chunk);
    else
      refuse(fmt::format("packed by the filter {} '{}', which is not read (gzip, Blosc and Zstandard are)", filter.id,
                         filter.name));
    if (!made) refuse("a packed chunk is damaged");
    bytes = *made;
    known = false;
  }
  return bytes;
}

}  // namespace foresee::data
