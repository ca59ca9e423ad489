#include "data/episode/hdf5/picture_rows.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>

#include "data/episode/hdf5/handle.h"
#include "data/episode/planes.h"
#include "jepa/core/error.h"
#include "jepa/io/mapped_file.h"

#ifdef FORESEE_HAVE_BLOSC
#include <blosc.h>
#endif

namespace foresee::data {
namespace {

constexpr H5Z_filter_t kBloscId = 32001;
// A lookup costs the library a walk over all chunks (1.10): cheap for a few large chunks alone.
constexpr int64_t kMostLookedUp = 1000;

#ifdef FORESEE_HAVE_BLOSC
/// Bytes [first, first + count) of a compressed chunk; only the blocks that hold them are decoded. @returns false where
/// the chunk is not what it should be.
bool decode_blosc(std::span<const uint8_t> chunk, int64_t whole_bytes, int64_t first, int64_t count, uint8_t* out) {
  size_t whole = 0, item = 1;
  int flags = 0;
  if (blosc_cbuffer_validate(chunk.data(), chunk.size(), &whole) != 0 || whole != static_cast<size_t>(whole_bytes))
    return false;
  blosc_cbuffer_metainfo(chunk.data(), &item, &flags);
  const auto size = static_cast<int64_t>(item);
  return size > 0 && first % size == 0 && count % size == 0 &&
         blosc_getitem(chunk.data(), static_cast<int>(first / size), static_cast<int>(count / size), out) == count;
}
#endif

}  // namespace

PictureRows::PictureRows(const std::filesystem::path& path, hid_t dataset, const std::string& name)
    : path_(path), dataset_(dataset), packed_(path, dataset, name) {
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose), creation(H5Dget_create_plist(dataset), H5Pclose);
  shape_.resize(4);
  H5Sget_simple_extent_dims(space.get(), shape_.data(), nullptr);
  rows_ = static_cast<int64_t>(shape_[0]);
  pixels_ = static_cast<int64_t>(shape_[1] * shape_[2]);
  row_bytes_ = 3 * pixels_;
  find_layout(creation.get());
}

PictureRows::~PictureRows() = default;

void PictureRows::find_layout(hid_t creation) {
  const Hdf5Handle file(H5Iget_file_id(dataset_), H5Fclose);
  const Hdf5Handle file_creation(H5Fget_create_plist(file.get()), H5Pclose);
  hsize_t user_block = 0;
  if (H5Pget_userblock(file_creation.get(), &user_block) < 0 || user_block != 0) return;

  Kind kind = Kind::kLibrary;
  const int filters = H5Pget_nfilters(creation);
  if (H5Pget_layout(creation) == H5D_CONTIGUOUS && H5Pget_external_count(creation) == 0) {
    const haddr_t begin = H5Dget_offset(dataset_);
    if (begin == HADDR_UNDEF) return;
    begin_ = begin;
    kind = Kind::kContiguous;
  } else if (H5Pget_layout(creation) == H5D_CHUNKED) {
    std::vector<hsize_t> extent(4);
    if (H5Pget_chunk(creation, 4, extent.data()) != 4 ||
        !std::equal(extent.begin() + 1, extent.end(), shape_.begin() + 1))
      return;
    chunk_rows_ = static_cast<int64_t>(extent[0]);
    const int64_t chunks = (rows_ + chunk_rows_ - 1) / chunk_rows_;
    if (filters == 0 && chunk_rows_ == 1) {
      kind_ = Kind::kPlainRows;
      return;
    }
    if (filters == 0 && chunks <= kMostLookedUp) kind = Kind::kPlainChunks;
#ifdef FORESEE_HAVE_BLOSC
    unsigned flags = 0;
    size_t options = 0;
    if (filters == 1 && H5Pget_filter2(creation, 0, &flags, &options, nullptr, 0, nullptr, nullptr) == kBloscId)
      kind = Kind::kBloscChunks;
#endif
    constexpr int64_t kLeastChunk = 16;  // bytes in the file, of any kind
    std::error_code code;
    if (chunks > static_cast<int64_t>(std::filesystem::file_size(path_, code)) / kLeastChunk) return;
    if (kind != Kind::kLibrary) chunks_ = std::make_unique<Chunk[]>(static_cast<size_t>(chunks));
  }
  if (kind == Kind::kLibrary) return;
  const MappedFile mapped(path_, "an HDF5 file");
  mapping_ = mapped.mapping();
  file_ = reinterpret_cast<const uint8_t*>(mapped.bytes().data());
  file_bytes_ = mapped.bytes().size();
  if (kind == Kind::kContiguous &&
      (begin_ > file_bytes_ || static_cast<uint64_t>(rows_ * row_bytes_) > file_bytes_ - begin_))
    return;  // the library will say what is wrong
  kind_ = kind;
}

const uint8_t* PictureRows::chunk(int64_t number, uint64_t& bytes, bool& plain) const {
  Chunk& entry = chunks_[static_cast<size_t>(number)];
  uint64_t address = entry.address.load(std::memory_order_acquire);
  std::optional<Hdf5Lock> lock;
  if (address == 0) {
    lock.emplace();
    address = entry.address.load(std::memory_order_acquire);  // another thread may have been here first
  }
  if (address == 0) {
    const hsize_t offset[4] = {static_cast<hsize_t>(number * chunk_rows_), 0, 0, 0};
    unsigned skipped_filters = 0;
    haddr_t found = HADDR_UNDEF;
    hsize_t size = 0;
    if (H5Dget_chunk_info_by_coord(dataset_, offset, &skipped_filters, &found, &size) < 0 || found == HADDR_UNDEF ||
        found > file_bytes_ || size > file_bytes_ - found)
      return nullptr;
    entry.bytes = size;
    entry.plain = kind_ == Kind::kPlainChunks || (skipped_filters & 1U) != 0;
    if (entry.plain && size < static_cast<uint64_t>(chunk_rows_ * row_bytes_)) return nullptr;
    entry.address.store(address = found, std::memory_order_release);
  }
  bytes = entry.bytes;
  plain = entry.plain;
  return file_ + address;
}

/// Consecutive rows as they are stored. Falls back to the library where a chunk cannot be had directly.
void PictureRows::decode(int64_t first, int64_t count, uint8_t* interleaved) const {
#ifdef FORESEE_HAVE_BLOSC
  bool direct = kind_ == Kind::kBloscChunks;
  uint8_t* out = interleaved;
  for (int64_t row = first; direct && row < first + count;) {
    const int64_t number = row / chunk_rows_, inside = row % chunk_rows_;
    const int64_t take = std::min(first + count - row, chunk_rows_ - inside);
    uint64_t bytes = 0;
    bool plain = false;
    const uint8_t* from = chunk(number, bytes, plain);
    if (from != nullptr && plain)
      std::memcpy(out, from + inside * row_bytes_, static_cast<size_t>(take * row_bytes_));
    else
      direct = from != nullptr &&
               decode_blosc({from, bytes}, chunk_rows_ * row_bytes_, inside * row_bytes_, take * row_bytes_, out);
    row += take;
    out += take * row_bytes_;
  }
  if (direct) return;
#endif
  const Hdf5Lock lock;
  if (kind_ == Kind::kPlainRows) {
    const auto row_read = [&](int64_t i) {
      const hsize_t offset[4] = {static_cast<hsize_t>(first + i), 0, 0, 0};
      uint32_t skipped_filters = 0;
      hsize_t bytes = 0;  // a damaged index may say anything
      return H5Dget_chunk_storage_size(dataset_, offset, &bytes) >= 0 && bytes == static_cast<hsize_t>(row_bytes_) &&
             H5Dread_chunk(dataset_, H5P_DEFAULT, offset, &skipped_filters, interleaved + i * row_bytes_) >= 0;
    };
    int64_t read = 0;
    while (read < count && row_read(read)) ++read;
    if (read == count) return;
  }
  packed_.check(dataset_, first, count);
  const hsize_t start[4] = {static_cast<hsize_t>(first), 0, 0, 0};
  const hsize_t extent[4] = {static_cast<hsize_t>(count), shape_[1], shape_[2], shape_[3]};
  const Hdf5Handle from(H5Dget_space(dataset_), H5Sclose), to(H5Screate_simple(4, extent, nullptr), H5Sclose);
  H5Sselect_hyperslab(from.get(), H5S_SELECT_SET, start, nullptr, extent, nullptr);
  if (H5Dread(dataset_, H5T_NATIVE_UINT8, to.get(), from.get(), H5P_DEFAULT, interleaved) < 0)
    fail<DataError>("{}: pictures {}..{} cannot be read: {}", path_.string(), first, first + count, hdf5_reason());
}

void PictureRows::read(int64_t first, int64_t step, int64_t count, uint8_t* planes) const {
  thread_local std::vector<uint8_t> buffer;
  if (step == 1 && kind_ != Kind::kContiguous && kind_ != Kind::kPlainChunks) {
    buffer.resize(static_cast<size_t>(count * row_bytes_));
    decode(first, count, buffer.data());
    for (int64_t i = 0; i < count; ++i) to_planes(buffer.data() + i * row_bytes_, pixels_, planes + i * row_bytes_);
    return;
  }
  for (int64_t i = 0; i < count; ++i, planes += row_bytes_) {
    const int64_t row = first + i * step;
    const uint8_t* from = nullptr;
    if (kind_ == Kind::kContiguous) from = file_ + begin_ + row * row_bytes_;
    if (kind_ == Kind::kPlainChunks) {
      uint64_t bytes = 0;
      bool plain = false;
      from = chunk(row / chunk_rows_, bytes, plain);
      if (from != nullptr) from += row % chunk_rows_ * row_bytes_;
    }
    if (from == nullptr) {
      buffer.resize(static_cast<size_t>(row_bytes_));
      decode(row, 1, buffer.data());
      from = buffer.data();
    }
    to_planes(from, pixels_, planes);
  }
}

}  // namespace foresee::data
