#include <filesystem>
#include <vector>

#include "data/episode/hdf5/handle.h"
#include "data/episode/hdf5/packed_chunks.h"
#include "data/episode/hdf5/storage.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr int kMostDepth = 6;  // groups inside groups: deeper ones are not read

/// One row of a column without filters, to pass through the library's reading once. What it holds does not matter.
void try_row(hid_t dataset, hsize_t row) {
  constexpr size_t kMostBytes = 64 << 20;
  const Hdf5Handle from(H5Dget_space(dataset), H5Sclose), type(H5Dget_type(dataset), H5Tclose);
  std::vector<hsize_t> extent(static_cast<size_t>(H5Sget_simple_extent_ndims(from.get())));
  H5Sget_simple_extent_dims(from.get(), extent.data(), nullptr);
  if (extent.empty() || row >= extent[0]) return;
  std::vector<hsize_t> start(extent.size(), 0);
  start[0] = row;
  extent[0] = 1;
  double bytes = static_cast<double>(H5Tget_size(type.get()));
  for (const hsize_t n : extent) bytes *= static_cast<double>(n);
  if (bytes > kMostBytes) return;
  std::vector<char> room(static_cast<size_t>(bytes));
  const Hdf5Handle to(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
  H5Sselect_hyperslab(from.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr);
  H5Dread(dataset, type.get(), to.get(), from.get(), H5P_DEFAULT, room.data());
}

/// All rows of lists of bytes: where each lies in the file's heaps is only seen by reading it.
void try_lists(hid_t dataset, hsize_t rows) {
  const Hdf5Handle type(H5Tvlen_create(H5T_NATIVE_UINT8), H5Tclose), from(H5Dget_space(dataset), H5Sclose);
  const hsize_t one = 1;
  const Hdf5Handle to(H5Screate_simple(1, &one, nullptr), H5Sclose);
  for (hsize_t row = 0; row < rows; ++row) {
    H5Sselect_hyperslab(from.get(), H5S_SELECT_SET, &row, nullptr, &one, nullptr);
    hvl_t list{0, nullptr};
    if (H5Dread(dataset, type.get(), to.get(), from.get(), H5P_DEFAULT, &list) < 0) return;
    H5free_memory(list.p);
  }
}

/// A dataset, as it is opened later. @throws DataError.
void walk_dataset(const fs::path& path, hid_t dataset, const std::string& name) {
  const Hdf5Handle type(H5Dget_type(dataset), H5Tclose), creation(H5Dget_create_plist(dataset), H5Pclose);
  const bool lists = is_hdf5_list_of_bytes(type.get());
  if (!lists && !hdf5_tensor_type(type.get())) return;
  check_hdf5_storage(path, dataset, name);
  H5Dget_storage_size(dataset);  // goes through the whole index of chunks
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  std::vector<hsize_t> extent(static_cast<size_t>(H5Sget_simple_extent_ndims(space.get())));
  H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr);
  if (extent.empty() || extent[0] == 0) return;
  PackedChunks packed(path, dataset, name);
  if (lists && extent.size() == 1) {
    packed.check(dataset, 0, static_cast<int64_t>(extent[0]));
    try_lists(dataset, extent[0]);
  } else if (H5Pget_nfilters(creation.get()) == 0) {
    try_row(dataset, 0);
    try_row(dataset, extent[0] - 1);
  }
}

/// What a group holds. Damage is not told, as only a part of the file may be damaged: whoever reads it will say so.
void walk_group(const fs::path& path, hid_t group, int depth) {
  H5G_info_t info;
  if (depth > kMostDepth || H5Gget_info(group, &info) < 0) return;
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    char name[256];
    if (H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof(name), H5P_DEFAULT) <= 0) continue;
    const Hdf5Handle object = open_hdf5_object(group, name);
    if (!object.valid()) continue;
    if (H5Iget_type(object.get()) == H5I_GROUP) walk_group(path, object.get(), depth + 1);
    if (H5Iget_type(object.get()) != H5I_DATASET) continue;
    try {
      walk_dataset(path, object.get(), name);
    } catch (const DataError&) {
    }
  }
}

}  // namespace

void walk_hdf5_structure(const fs::path& path) {
  const Hdf5Handle file = open_hdf5_file(path);
  for (const auto& name : hdf5_root_names(path, file.get())) {
    const Hdf5Handle object(open_hdf5_object(file.get(), name));
    if (!object.valid()) continue;  // damaged, or of a newer library: whoever opens columns will say so
    if (H5Iget_type(object.get()) == H5I_GROUP) walk_group(path, object.get(), 1);
    if (H5Iget_type(object.get()) == H5I_DATASET) walk_dataset(path, object.get(), name);
  }
}

}  // namespace foresee::data
