#include "data/episode/hdf5/stored_column.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>

#include "data/episode/hdf5/storage.h"
#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/memory.h"

namespace foresee::data {
namespace {

constexpr int64_t kLeastPicture = 64;             // bytes of an encoded picture
constexpr size_t kMostPicture = size_t{1} << 28;  // same

bool is_encoded(std::string_view bytes) { return bytes.starts_with("\xFF\xD8\xFF") || bytes.starts_with("\x89PNG"); }

/// Rows [first, first + count) of a dataset, for H5Dread. @param row  the first one along the second axis.
struct Selection {
  Hdf5Handle from, to;
  Selection(hid_t dataset, int64_t first, std::vector<hsize_t> extent, int64_t row = 0)
      : from(H5Dget_space(dataset), H5Sclose),
        to(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose) {
    std::vector<hsize_t> start(extent.size(), 0);
    start[0] = static_cast<hsize_t>(first);
    if (start.size() > 1) start[1] = static_cast<hsize_t>(row);
    H5Sselect_hyperslab(from.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr);
  }
};

const char* class_name(H5T_class_t kind) {
  switch (kind) {
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      return "records of several fields";
    case H5T_VLEN:
      return "lists of many lengths";
    case H5T_REFERENCE:
      return "references";
    default:
      return "a type that is not read";
  }
}

}  // namespace

std::optional<StoredColumn> open_column(hid_t file, const std::filesystem::path& path, const std::string& object,
                                        const std::string& name, std::string& reason) {
  StoredColumn column;
  column.path = path;
  column.file_bytes = std::filesystem::file_size(path);
  column.dataset = open_hdf5_object(file, object);
  if (!column.dataset.valid() || H5Iget_type(column.dataset.get()) != H5I_DATASET) {
    reason = column.dataset.valid() ? "no dataset" : hdf5_reason();
    return {};
  }
  const Hdf5Handle type(H5Dget_type(column.dataset.get()), H5Tclose),
      space(H5Dget_space(column.dataset.get()), H5Sclose);
  if (!type.valid() || !space.valid()) {
    reason = hdf5_reason();
    return {};
  }
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 1 || rank > 8) {
    reason = rank < 1 ? "one value, not a row each" : "more than 8 axes";
    return {};
  }
  std::vector<hsize_t> extent(static_cast<size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr);
  column.rows = static_cast<int64_t>(extent[0]);
  column.packed = std::make_unique<PackedChunks>(path, column.dataset.get(), name);

  const H5T_class_t kind = H5Tget_class(type.get());
  const bool lists_of_bytes = rank == 1 && is_hdf5_list_of_bytes(type.get());
  const auto dtype = hdf5_tensor_type(type.get());
  if (!dtype && !lists_of_bytes) {
    reason = class_name(kind);
    return {};
  }
  if (lists_of_bytes) {
    column.kind = StoredColumn::Kind::kBytes;
    check_hdf5_storage(path, column.dataset.get(), name);
  } else {
    column.info = {name, *dtype, {extent.begin() + 1, extent.end()}};
    check_hdf5_storage(path, column.dataset.get(), name);
    if (*dtype != at::kByte || rank != 2 || column.info.shape[0] < kLeastPicture || column.rows == 0) return column;
    try {
      const Tensor first = column.read(0, 1);
      if (!is_encoded({reinterpret_cast<const char*>(first.const_data_ptr<uint8_t>()), 4})) return column;
    } catch (const DataError&) {
      return column;  // whoever reads it will be told
    }
    column.kind = StoredColumn::Kind::kPaddedBytes;
  }
  column.info = {name, at::kByte, {}};
  if (column.rows == 0) {
    reason = "no row";
    return {};
  }
  try {
    column.info = {name, at::kByte, column.read(0, 1).sizes().slice(1).vec()};
  } catch (const DataError& error) {
    reason = column.kind == StoredColumn::Kind::kBytes ? "lists of bytes that are no pictures" : error.what();
    return {};
  }
  return column;
}

Tensor StoredColumn::read(int64_t first, int64_t count) const {
  const Hdf5Lock lock;
  FORESEE_CHECK(first >= 0 && count >= 0 && count <= rows - first,
                "expected rows of 0..{}, got {} from {} ('{}' of {})", rows, count, first, info.name, path.string());
  if (stacked == 0)
    packed->check(dataset.get(), first, count);
  else if (count > 0)
    packed->check(dataset.get(), first / stacked, (first + count - 1) / stacked - first / stacked + 1);
  return kind == Kind::kNumbers ? read_numbers(first, count) : read_encoded(first, count);
}

Tensor StoredColumn::read_numbers(int64_t first, int64_t count) const {
  std::vector<int64_t> shape{count};
  shape.insert(shape.end(), info.shape.begin(), info.shape.end());
  uint64_t bytes = at::elementSize(info.dtype);
  for (const int64_t n : shape) bytes *= static_cast<uint64_t>(n);  // no overflow: the storage was checked
  ReadBudget(path.string(), file_bytes, kHdf5BytesPerByte).take(bytes, "rows of column '" + info.name + "'");
  Tensor out = at::empty(shape, info.dtype);
  if (out.numel() == 0) return out;
  if (stacked == 0) {
    read_at(first, 0, shape, out.data_ptr());
    return out;
  }
  shape.insert(shape.begin(), 1);
  for (int64_t done = 0; done < count;) {
    const int64_t row = (first + done) % stacked;
    shape[1] = std::min(count - done, stacked - row);
    read_at((first + done) / stacked, row, shape, out[done].data_ptr());
    done += shape[1];
  }
  return out;
}

void StoredColumn::read_at(int64_t entry, int64_t row, const std::vector<int64_t>& extent, void* out) const {
  const Selection chosen(dataset.get(), entry, {extent.begin(), extent.end()}, row);
  // A truth value is read as it is stored, one byte.
  const Hdf5Handle stored(H5Dget_type(dataset.get()), H5Tclose);
  const hid_t type = info.dtype == at::kBool ? stored.get() : hdf5_type(info.dtype);
  if (H5Dread(dataset.get(), type, chosen.to.get(), chosen.from.get(), H5P_DEFAULT, out) < 0)
    fail<DataError>("{}: '{}' cannot be read from {} on: {}", path.string(), info.name, entry, hdf5_reason());
}

void StoredColumn::unstack() {
  stacked = info.shape.front();
  rows *= stacked;
  info.shape.erase(info.shape.begin());
}

std::vector<std::string> StoredColumn::bytes(int64_t first, int64_t count) const {
  std::vector<std::string> out;
  if (kind == Kind::kPaddedBytes) {
    const Hdf5Handle space(H5Dget_space(dataset.get()), H5Sclose);
    hsize_t extent[2] = {0, 0};
    H5Sget_simple_extent_dims(space.get(), extent, nullptr);
    for (int64_t i = 0; i < count; ++i) {
      std::string row(extent[1], '\0');
      const Selection one(dataset.get(), first + i, {1, extent[1]});
      if (H5Dread(dataset.get(), H5T_NATIVE_UINT8, one.to.get(), one.from.get(), H5P_DEFAULT, row.data()) < 0)
        fail<DataError>("{}: row {} of '{}' cannot be read: {}", path.string(), first + i, info.name, hdf5_reason());
      out.push_back(std::move(row));
    }
    return out;
  }
  const Hdf5Handle type(H5Tvlen_create(H5T_NATIVE_UINT8), H5Tclose);
  for (int64_t i = 0; i < count; ++i) {
    const Selection one(dataset.get(), first + i, {1});
    hsize_t needed = 0;
    if (H5Dvlen_get_buf_size(dataset.get(), type.get(), one.from.get(), &needed) < 0 || needed > kMostPicture)
      fail<DataError>("{}: row {} of '{}' cannot be read: {} bytes", path.string(), first + i, info.name, needed);
    hvl_t list{0, nullptr};
    const herr_t status = H5Dread(dataset.get(), type.get(), one.to.get(), one.from.get(), H5P_DEFAULT, &list);
    const std::unique_ptr<void, decltype(&H5free_memory)> owner(list.p, H5free_memory);
    if (status < 0)
      fail<DataError>("{}: row {} of '{}' cannot be read: {}", path.string(), first + i, info.name, hdf5_reason());
    out.emplace_back(static_cast<const char*>(list.p), list.p == nullptr ? 0 : list.len);
  }
  return out;
}

Tensor StoredColumn::read_encoded(int64_t first, int64_t count) const {
  std::vector<Tensor> pictures;
  for (const std::string& encoded : bytes(first, count)) {
    const auto row = first + static_cast<int64_t>(pictures.size());
    pictures.push_back(
        decode_image(encoded, fmt::format("{}: row {} of '{}'", path.string(), row, info.name)).permute({1, 2, 0}));
    if (!info.shape.empty() && pictures.back().sizes() != at::IntArrayRef(info.shape))
      fail<DataError>("{}: row {} of '{}' is a picture of {} x {}, the first is {} x {}", path.string(), row, info.name,
                      pictures.back().size(0), pictures.back().size(1), info.shape[0], info.shape[1]);
  }
  if (pictures.empty()) return at::empty({0, info.shape[0], info.shape[1], 3}, at::kByte);
  return at::stack(pictures).contiguous();
}

}  // namespace foresee::data
