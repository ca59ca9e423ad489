#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "data/episode/hdf5/episode_file.h"
#include "data/episode/hdf5/handle.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/staged.h"

namespace foresee::data {
namespace {

constexpr H5Z_filter_t kBlosc = 32001;
constexpr int64_t kPictureChunkBytes = 1000 * 1024;  // below HDF5's chunk cache of 1 MiB
constexpr int64_t kRowChunk = 1000;                  // as the published files, for everything but pictures

Hdf5Handle create_file(const std::filesystem::path& path) {
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose), creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_libver_bounds(access.get(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  H5Pset_obj_track_times(creation.get(), false);  // the same episodes make the same bytes
  Hdf5Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), H5Fclose);
  if (!file.valid()) fail("{}: cannot be made: {}", path.string(), hdf5_reason());
  return file;
}

Hdf5Handle create_dataset(hid_t file, const std::string& name, at::ScalarType dtype, const std::vector<int64_t>& row,
                          PixelCompression compression) {
  const bool picture = row.size() >= 2;
  std::vector<hsize_t> none{0}, unlimited{H5S_UNLIMITED}, chunk{kRowChunk};
  int64_t bytes = static_cast<int64_t>(at::elementSize(dtype));
  for (const auto n : row) {
    for (auto* extent : {&none, &unlimited, &chunk}) extent->push_back(static_cast<hsize_t>(n));
    bytes *= n;
  }
  if (picture)
    chunk[0] = static_cast<hsize_t>(std::clamp<int64_t>(kPictureChunkBytes / std::max<int64_t>(bytes, 1), 1, 100));
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const Hdf5Handle space(H5Screate_simple(static_cast<int>(none.size()), none.data(), unlimited.data()), H5Sclose);
  H5Pset_obj_track_times(creation.get(), false);
  H5Pset_chunk(creation.get(), static_cast<int>(chunk.size()), chunk.data());
  if (picture && compression == PixelCompression::kBloscLz4) {
    constexpr unsigned kOptions[] = {0, 0, 0, 0, /*level=*/5, /*byte shuffle=*/1, /*LZ4=*/1};
    // Optional: noise that does not get smaller is stored as it is, instead of failing.
    H5Pset_filter(creation.get(), kBlosc, H5Z_FLAG_OPTIONAL, std::size(kOptions), kOptions);
  }
  return {H5Dcreate2(file, name.c_str(), hdf5_type(dtype), space.get(), H5P_DEFAULT, creation.get(), H5P_DEFAULT),
          H5Dclose};
}

}  // namespace

struct EpisodeWriter::Impl {
  struct WrittenColumn {
    Hdf5Handle dataset;
    at::ScalarType dtype;
    std::vector<int64_t> shape;  // of one row
  };

  std::filesystem::path path;
  std::optional<StagedFile> staged;
  PixelCompression compression = PixelCompression::kNone;
  Hdf5Handle file;
  std::map<std::string, WrittenColumn> columns;
  std::vector<int64_t> lengths, offsets;
  int64_t rows = 0;

  void append(const std::string& name, const Tensor& values, int64_t at_row);
};

void EpisodeWriter::Impl::append(const std::string& name, const Tensor& values, int64_t at_row) {
  const Tensor source = values.cpu().contiguous();
  const std::vector<int64_t> shape(source.sizes().begin() + 1, source.sizes().end());
  auto found = columns.find(name);
  if (found == columns.end()) {
    FORESEE_CHECK(at_row == 0, "column '{}' was not in the first episode", name);
    WrittenColumn column{.dataset = {}, .dtype = source.scalar_type(), .shape = shape};
    column.dataset = create_dataset(file.get(), name, column.dtype, column.shape, compression);
    if (!column.dataset.valid()) fail("{}: column '{}' cannot be made: {}", path.string(), name, hdf5_reason());
    found = columns.emplace(name, std::move(column)).first;
  }
  const WrittenColumn& column = found->second;
  FORESEE_CHECK(column.dtype == source.scalar_type() && column.shape == shape, "column '{}' was {} {} a row, got {}",
                name, fmt::join(column.shape, " x "), at::toString(column.dtype), foresee::describe(source));
  std::vector<hsize_t> start(source.sizes().size(), 0), count(source.sizes().begin(), source.sizes().end()),
      extent = count;
  start[0] = static_cast<hsize_t>(at_row);
  extent[0] += start[0];
  bool written = H5Dset_extent(column.dataset.get(), extent.data()) >= 0;
  const Hdf5Handle to(H5Dget_space(column.dataset.get()), H5Sclose);
  const Hdf5Handle from(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
  written = written &&
            H5Sselect_hyperslab(to.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) >= 0 &&
            H5Dwrite(column.dataset.get(), hdf5_type(column.dtype), from.get(), to.get(), H5P_DEFAULT,
                     source.const_data_ptr()) >= 0;
  if (!written) fail("{}: '{}' cannot be written: {}", path.string(), name, hdf5_reason());
}

EpisodeWriter::EpisodeWriter(std::filesystem::path path, PixelCompression compression)
    : impl_(std::make_unique<Impl>()) {
  if (compression == PixelCompression::kBloscLz4 && !blosc_available())
    fail("{}: HDF5's Blosc filter is not installed (Debian: hdf5-filter-plugin-blosc-serial)", path.string());
  const Hdf5Lock lock;
  impl_->path = std::move(path);
  impl_->staged.emplace(impl_->path);
  impl_->compression = compression;
  impl_->file = create_file(impl_->staged->path());
}

EpisodeWriter::~EpisodeWriter() {
  if (!impl_) return;
  const Hdf5Lock lock;
  impl_.reset();
}
EpisodeWriter::EpisodeWriter(EpisodeWriter&&) noexcept = default;

void EpisodeWriter::add(const Episode& episode) {
  const int64_t length = episode.length();
  FORESEE_CHECK(length > 0 && episode.frames.dim() == 4 && episode.frames.scalar_type() == at::kByte,
                "expected frames uint8 [T, H, W, 3], got {}", foresee::describe(episode.frames));
  const Hdf5Lock lock;
  TensorMap columns = episode.columns;
  columns["pixels"] = episode.frames;
  columns["ep_idx"] = at::full({length}, static_cast<int64_t>(episode.id), at::kInt);
  columns["step_idx"] = at::arange(length, at::kInt);
  FORESEE_CHECK(impl_->columns.empty() || impl_->columns.size() == columns.size(), "expected {} columns, got {}",
                impl_->columns.size(), columns.size());
  for (const auto& [name, values] : columns) {
    FORESEE_CHECK(values.size(0) == length, "expected {} rows in '{}', got {}", length, name, values.size(0));
    impl_->append(name, values, impl_->rows);
  }
  impl_->lengths.push_back(length);
  impl_->offsets.push_back(impl_->rows);
  impl_->rows += length;
}

void EpisodeWriter::commit() {
  FORESEE_CHECK(!impl_->lengths.empty(), "{}: no episode to write", impl_->path.string());
  const Hdf5Lock lock;
  impl_->append("ep_len", at::tensor(impl_->lengths).to(at::kInt), 0);
  impl_->append("ep_offset", at::tensor(impl_->offsets), 0);
  for (auto& [name, column] : impl_->columns)
    if (column.dataset.close() < 0) fail("{}: '{}' cannot be written: {}", impl_->path.string(), name, hdf5_reason());
  if (impl_->file.close() < 0) fail("{}: cannot be written: {}", impl_->path.string(), hdf5_reason());
  impl_->staged->commit();
}

}  // namespace foresee::data
