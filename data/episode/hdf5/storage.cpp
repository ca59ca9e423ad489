#include "data/episode/hdf5/storage.h"

#include <functional>
#include <optional>

#include "data/episode/hdf5/chunk_tree.h"
#include "data/episode/hdf5/handle.h"
#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/io/mapped_file.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostColumns = 10'000;

struct RootLinks {
  std::vector<std::string> names;
  std::string external;  // the first link that leads to another file
  bool too_many = false;
};

herr_t take_link(hid_t, const char* name, const H5L_info_t* info, void* out) {
  auto& links = *static_cast<RootLinks*>(out);
  if (info->type != H5L_TYPE_HARD && info->type != H5L_TYPE_SOFT) links.external = name;
  links.too_many = links.names.size() >= kMostColumns;
  if (links.too_many || !links.external.empty()) return 1;  // stops
  links.names.emplace_back(name);
  return 0;
}

/// Where the object header of a dataset is.
std::optional<uint64_t> header_address(hid_t dataset) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info1_t info;
  if (H5Oget_info1(dataset, &info) < 0) return std::nullopt;
#else
  H5O_info_t info;
  if (H5Oget_info2(dataset, &info, H5O_INFO_BASIC) < 0) return std::nullopt;
#endif
  return info.addr;
}

/// The sizes of all chunks, asked of the library one by one: slow, for files of a form that is not read here.
void ask_for_chunks(hid_t dataset, int rank, uint64_t chunk_bytes,
                    const std::function<void(const StoredChunk&)>& take) {
  constexpr hsize_t kMostAsked = 4000;
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  hsize_t count = 0;
  if (H5Dget_num_chunks(dataset, space.get(), &count) < 0) fail<DataError>("its index is damaged: {}", hdf5_reason());
  if (count > kMostAsked) {
    const hsize_t stored = H5Dget_storage_size(dataset);
    if (stored != count * chunk_bytes) fail<DataError>("{} chunks have {} bytes in all", count, stored);
    return;
  }
  std::vector<hsize_t> offset(static_cast<size_t>(rank));
  for (hsize_t i = 0; i < count; ++i) {
    unsigned skipped = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t bytes = 0;
    if (H5Dget_chunk_info(dataset, space.get(), i, offset.data(), &skipped, &address, &bytes) < 0)
      fail<DataError>("its index is damaged: {}", hdf5_reason());
    take({address, bytes, skipped});
  }
}

void check_chunks(const fs::path& path, hid_t dataset, hid_t creation, int rank, uint64_t item_bytes) {
  H5D_chunk_index_t index = H5D_CHUNK_IDX_BTREE;
  if (H5Dget_chunk_index_type(dataset, &index) < 0) fail<DataError>("its index is damaged: {}", hdf5_reason());
  std::vector<hsize_t> extent(static_cast<size_t>(rank));
  if (H5Pget_chunk(creation, rank, extent.data()) != rank)
    fail<DataError>("its chunks have another rank than its rows");
  uint64_t chunk_bytes = item_bytes;
  for (const hsize_t n : extent)
    if (__builtin_mul_overflow(chunk_bytes, uint64_t{n}, &chunk_bytes)) fail<DataError>("its chunks are too large");
  if (index != H5D_CHUNK_IDX_BTREE) return;  // sizes of chunks without filters are not stored
  const int filters = H5Pget_nfilters(creation);
  const MappedFile mapped(path, "an HDF5 file");
  const auto check = [&](const StoredChunk& chunk) {
    const uint32_t all = filters >= 32 ? ~0U : (1U << filters) - 1;
    const bool plain = filters == 0 || (chunk.skipped_filters & all) == all;
    if (plain && chunk.bytes != chunk_bytes)
      fail<DataError>("a chunk is stored with {} bytes, its rows have {}", chunk.bytes, chunk_bytes);
    if (chunk.address > mapped.bytes().size() || chunk.bytes > mapped.bytes().size() - chunk.address)
      fail<DataError>("a chunk of {} bytes at {} lies beyond the end of the file", chunk.bytes, chunk.address);
  };
  const auto header = header_address(dataset);
  if (!header || !for_each_chunk(mapped.bytes(), *header, check)) ask_for_chunks(dataset, rank, chunk_bytes, check);
}

void check_whole(const fs::path& path, hid_t dataset) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset), H5Pclose), space(H5Dget_space(dataset), H5Sclose),
      type(H5Dget_type(dataset), H5Tclose);
  if (H5Pget_external_count(creation.get()) != 0) fail<DataError>("its rows lie in another file, which is not read");
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout == H5D_VIRTUAL) fail<DataError>("it is a view of other data sets (virtual), which is not read");
  const int rank = H5Sget_simple_extent_ndims(space.get());
  const hssize_t numbers = H5Sget_simple_extent_npoints(space.get());
  const size_t item_bytes = H5Tget_size(type.get());
  if (rank < 0 || numbers < 0 || item_bytes == 0) fail<DataError>("its shape or type is damaged");
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<uint64_t>(numbers), uint64_t{item_bytes}, &bytes))
    fail<DataError>("its shape is too large");
  constexpr uint64_t kRatio = 2000;  // no filter packs better than some 1000 to 1
  ReadBudget(path.string(), fs::file_size(path), kRatio).take(bytes, "a column");
  if (layout == H5D_CHUNKED) return check_chunks(path, dataset, creation.get(), rank, item_bytes);
  const hsize_t stored = H5Dget_storage_size(dataset);  // 0: never written
  if (stored != 0 && stored < bytes) fail<DataError>("it is stored with {} bytes, its rows have {}", stored, bytes);
}

}  // namespace

std::vector<std::string> hdf5_root_names(const fs::path& path, hid_t file) {
  RootLinks links;
  hsize_t next = 0;
  if (H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, &next, take_link, &links) < 0)
    fail<DataError>("{}: its table of names is damaged: {}", path.string(), hdf5_reason());
  if (!links.external.empty())
    fail<DataError>("{}: column '{}' is a link to another file, which is not read", path.string(), links.external);
  if (links.too_many) fail<DataError>("{}: more than {} columns", path.string(), kMostColumns);
  return links.names;
}

void check_hdf5_storage(const fs::path& path, hid_t dataset, const std::string& name) {
  try {
    check_whole(path, dataset);
  } catch (const Error& error) {
    const std::string text = error.what(), where = path.string() + ": ";
    fail<DataError>("{}column '{}': {}", where, name, text.starts_with(where) ? text.substr(where.size()) : text);
  }
}

}  // namespace foresee::data
