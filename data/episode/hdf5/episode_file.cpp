#include "data/episode/hdf5/episode_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "data/episode/hdf5/handle.h"
#include "data/episode/hdf5/picture_rows.h"
#include "data/episode/hdf5/storage.h"
#include "data/episode/planes.h"
#include "data/episode/source.h"
#include "jepa/core/error.h"
#include "jepa/core/memory.h"

namespace foresee::data {
namespace {

/// Opens a column of pictures with a chunk cache that suits it: none where chunks are stored as they are (single rows
/// are then read without the rest of their chunk), room for a few of the published 15 MB chunks where they are not.
Hdf5Handle open_pictures(hid_t file, const std::string& name, Hdf5Handle dataset) {
  const Hdf5Handle creation(H5Dget_create_plist(dataset.get()), H5Pclose),
      access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  const bool filtered = H5Pget_nfilters(creation.get()) > 0;
  H5Pset_chunk_cache(access.get(), /*slots=*/521, filtered ? size_t{64} << 20 : 0, H5D_CHUNK_CACHE_W0_DEFAULT);
  dataset.reset();
  return {H5Dopen2(file, name.c_str(), access.get()), H5Dclose};
}

int64_t row_bytes(const ColumnInfo& column) {
  auto bytes = static_cast<int64_t>(at::elementSize(column.dtype));
  for (const int64_t n : column.shape) bytes *= n;  // no overflow: the storage was checked
  return bytes;
}

}  // namespace

struct EpisodeFile::Impl {
  struct OpenColumn {
    ColumnInfo info;
    int64_t rows = 0;
    Hdf5Handle dataset;
    std::unique_ptr<PictureRows> pictures;  // of columns uint8 [rows, H, W, 3]
  };

  std::filesystem::path path;
  Hdf5Handle file;
  std::map<std::string, OpenColumn> open;
  std::vector<ColumnInfo> columns;
  std::vector<int64_t> lengths, offsets, ids;
  int64_t rows = 0;
  uint64_t file_bytes = 0;

  void open_columns();
  void find_episodes();
  std::vector<int64_t> integers(const std::string& name) const;
  Tensor read(const std::string& name, int64_t first, int64_t count) const;
  const OpenColumn& find(const std::string& name) const;
  /// Bytes that are made at once, against the file's. @throws DataError.
  void check_size(int64_t bytes, const std::string& what) const {
    ReadBudget(path.string(), file_bytes, kHdf5BytesPerByte).take(static_cast<uint64_t>(bytes), what);
  }
};

void EpisodeFile::Impl::open_columns() {
  for (const auto& stored_name : hdf5_root_names(path, file.get())) {
    const std::string name = column_name(stored_name);  // it may become the name of a file
    Hdf5Handle object = open_hdf5_object(file.get(), stored_name);
    if (!object.valid()) fail<DataError>("{}: column '{}' is damaged: {}", path.string(), name, hdf5_reason());
    if (H5Iget_type(object.get()) != H5I_DATASET) continue;
    const Hdf5Handle type(H5Dget_type(object.get()), H5Tclose), space(H5Dget_space(object.get()), H5Sclose);
    const auto dtype = hdf5_tensor_type(type.get());
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (!dtype || rank < 1 || rank > 8) continue;
    check_hdf5_storage(path, object.get(), name);
    std::vector<hsize_t> extent(static_cast<size_t>(rank));
    H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr);
    OpenColumn column;
    column.info = {name, *dtype, {extent.begin() + 1, extent.end()}};
    column.rows = static_cast<int64_t>(extent[0]);
    const bool picture = column.info.picture();
    column.dataset = picture ? open_pictures(file.get(), stored_name, std::move(object)) : std::move(object);
    if (picture) column.pictures = std::make_unique<PictureRows>(path, column.dataset.get());
    if (!open.emplace(name, std::move(column)).second)
      fail<DataError>("{}: two columns have the name '{}'", path.string(), name);
  }
}

const EpisodeFile::Impl::OpenColumn& EpisodeFile::Impl::find(const std::string& name) const {
  const auto found = open.find(name);
  if (found != open.end()) return found->second;
  std::string known;
  for (const auto& [key, column] : open) known += (known.empty() ? "" : ", ") + key;
  fail<DataError>("{}: no column '{}'; there are: {}", path.string(), name, known.empty() ? "none" : known);
}

Tensor EpisodeFile::Impl::read(const std::string& name, int64_t first, int64_t count) const {
  const Hdf5Lock lock;
  const OpenColumn& column = find(name);
  FORESEE_CHECK(first >= 0 && count >= 0 && count <= column.rows - first,
                "expected rows of 0..{}, got {} from {} ('{}' of {})", column.rows, count, first, name, path.string());
  std::vector<int64_t> shape{count};
  shape.insert(shape.end(), column.info.shape.begin(), column.info.shape.end());
  check_size(count * row_bytes(column.info), "rows of column '" + name + "'");
  Tensor out = at::empty(shape, column.info.dtype);
  if (out.numel() == 0) return out;
  std::vector<hsize_t> start(shape.size(), 0), extent(shape.begin(), shape.end());
  start[0] = static_cast<hsize_t>(first);
  const Hdf5Handle from(H5Dget_space(column.dataset.get()), H5Sclose);
  const Hdf5Handle to(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
  H5Sselect_hyperslab(from.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr);
  // A truth value is read as it is stored, one byte.
  const Hdf5Handle stored(H5Dget_type(column.dataset.get()), H5Tclose);
  const hid_t type = column.info.dtype == at::kBool ? stored.get() : hdf5_type(column.info.dtype);
  if (H5Dread(column.dataset.get(), type, to.get(), from.get(), H5P_DEFAULT, out.data_ptr()) < 0)
    fail<DataError>("{}: rows {}..{} of '{}' cannot be read: {}", path.string(), first, first + count, name,
                    hdf5_reason());
  return out;
}

std::vector<int64_t> EpisodeFile::Impl::integers(const std::string& name) const {
  const OpenColumn& column = find(name);
  if (at::isFloatingType(column.info.dtype) ||
      !std::all_of(column.info.shape.begin(), column.info.shape.end(), [](int64_t n) { return n == 1; }))
    fail<DataError>("{}: expected whole numbers in '{}'", path.string(), name);
  const Tensor values = read(name, 0, column.rows).to(at::kLong).flatten();
  return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

void EpisodeFile::Impl::find_episodes() {
  rows = find(open.contains("pixels") ? "pixels" : "action").rows;
  if (open.contains("action") && open.at("action").rows != rows)
    fail<DataError>("{}: 'pixels' has {} rows and 'action' {}", path.string(), rows, open.at("action").rows);
  for (const auto& [name, column] : open)
    if (column.rows == rows && name != "ep_len" && name != "ep_offset") columns.push_back(column.info);

  std::vector<int64_t> row_ids;
  for (const char* name : {"ep_idx", "episode_idx"})
    if (row_ids.empty() && open.contains(name)) row_ids = integers(name);
  if (open.contains("ep_len") && open.contains("ep_offset")) {
    lengths = integers("ep_len");
    offsets = integers("ep_offset");
  } else if (!row_ids.empty()) {
    for (size_t i = 0; i < row_ids.size(); ++i) {
      if (i == 0 || row_ids[i] != row_ids[i - 1]) {
        offsets.push_back(static_cast<int64_t>(i));
        lengths.push_back(0);
      }
      ++lengths.back();
    }
  } else {
    find("ep_len");  // throws: says what there is
  }
  if (lengths.size() != offsets.size() || lengths.empty())
    fail<DataError>("{}: {} lengths and {} offsets of episodes", path.string(), lengths.size(), offsets.size());
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] < 1 || offsets[i] < 0 || offsets[i] > rows || lengths[i] > rows - offsets[i])
      fail<DataError>("{}: episode {} has rows {}.. + {} of {}", path.string(), i, offsets[i], lengths[i], rows);
    const auto row = static_cast<size_t>(offsets[i]);
    ids.push_back(row < row_ids.size() ? row_ids[row] : static_cast<int64_t>(i));
  }
  int64_t bytes = 0;  // of a row with all its columns: episodes are read as a whole
  for (const auto& column : columns) bytes += row_bytes(column);
  check_size(bytes * *std::max_element(lengths.begin(), lengths.end()), "its longest episode");
}

EpisodeFile::EpisodeFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>()) {
  const Hdf5Lock lock;
  impl_->path = path;
  blosc_available();  // the filter is loaded here, where no fork is near
  check_hdf5_structure(path);
  impl_->file_bytes = std::filesystem::file_size(path);
  impl_->file = open_hdf5_file(path);
  impl_->open_columns();
  impl_->find_episodes();
}

EpisodeFile::~EpisodeFile() {
  if (!impl_) return;
  const Hdf5Lock lock;
  impl_.reset();
}
EpisodeFile::EpisodeFile(EpisodeFile&&) noexcept = default;

int64_t EpisodeFile::episodes() const { return static_cast<int64_t>(impl_->lengths.size()); }
int64_t EpisodeFile::rows() const { return impl_->rows; }
int64_t EpisodeFile::length(int64_t episode) const { return impl_->lengths.at(static_cast<size_t>(episode)); }
int64_t EpisodeFile::offset(int64_t episode) const { return impl_->offsets.at(static_cast<size_t>(episode)); }
uint64_t EpisodeFile::id(int64_t episode) const {
  return static_cast<uint64_t>(impl_->ids.at(static_cast<size_t>(episode)));
}
const std::vector<ColumnInfo>& EpisodeFile::columns() const { return impl_->columns; }
bool EpisodeFile::has(const std::string& column) const { return impl_->open.contains(column); }
const ColumnInfo& EpisodeFile::column(const std::string& name) const { return impl_->find(name).info; }

Tensor EpisodeFile::read(const std::string& column, int64_t first, int64_t count) const {
  return impl_->read(column, first, count);
}

void EpisodeFile::read_pictures(const std::string& name, int64_t first, int64_t step, int64_t count,
                                uint8_t* planes) const {
  const Impl::OpenColumn& column = impl_->find(name);
  FORESEE_CHECK(column.pictures && first >= 0 && step >= 1 && count >= 1 &&
                    (column.rows - 1 - first) / step >= count - 1 && first < column.rows,
                "expected pictures of 0..{}, got {} from {}, {} apart ('{}' of {})", column.rows, count, first, step,
                name, impl_->path.string());
  column.pictures->read(first, step, count, planes);
}

Episode EpisodeFile::episode(int64_t index) const {
  Episode episode{.id = id(index), .frames = {}, .columns = {}, .task = {}};
  for (const auto& column : impl_->columns) {
    Tensor rows = read(column.name, offset(index), length(index));
    (column.name == "pixels" ? episode.frames : episode.columns[column.name]) = std::move(rows);
  }
  return episode;
}

}  // namespace foresee::data
