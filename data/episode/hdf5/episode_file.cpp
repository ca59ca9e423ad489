#include "data/episode/hdf5/episode_file.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include "data/episode/bounds.h"
#include "data/episode/hdf5/handle.h"
#include "data/episode/hdf5/picture_rows.h"
#include "data/episode/hdf5/storage.h"
#include "data/episode/hdf5/stored_column.h"
#include "data/episode/picture_form.h"
#include "data/episode/planes.h"
#include "data/episode/source.h"
#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/text/name_list.h"

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

/// Columns without which the others would be misread, or stand for other ones.
constexpr std::string_view kNeeded[] = {"ep_len", "ep_offset", "ep_idx", "episode_idx", "pixels", "action"};

int64_t row_bytes(const ColumnInfo& column) {
  auto bytes = static_cast<int64_t>(at::elementSize(column.dtype));
  for (const int64_t n : column.shape) bytes *= n;  // no overflow: the storage was checked
  return bytes;
}

}  // namespace

struct EpisodeFile::Impl {
  struct OpenColumn {
    StoredColumn stored;
    std::unique_ptr<PictureRows> pictures;  // of columns uint8 [rows, H, W, 3], stored as they are
    std::vector<int64_t> gaps;              // rows of the episodes without a value here, in order
  };

  std::filesystem::path path;
  Hdf5Handle file;
  std::map<std::string, OpenColumn> open;
  std::vector<ColumnInfo> columns;
  std::vector<UnreadColumn> unread;
  std::vector<std::string> notes, flaws;
  std::vector<int64_t> lengths, offsets, ids;
  int64_t rows = 0;
  uint64_t file_bytes = 0;

  void open_columns();
  void find_episodes();
  int64_t find_rows() const;
  void take_bounds(const std::vector<int64_t>& row_ids);
  void take_runs(const std::vector<int64_t>& row_ids);
  void list_columns();
  bool mend_gaps(OpenColumn& column);
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
    const Hdf5Handle object = open_hdf5_object(file.get(), stored_name);
    std::string reason = object.valid() ? "a group, not a column" : hdf5_reason();
    if (!object.valid() && std::find(std::begin(kNeeded), std::end(kNeeded), name) != std::end(kNeeded))
      fail<DataError>("{}: column '{}' cannot be opened: {}", path.string(), name, reason);
    if (!object.valid() || H5Iget_type(object.get()) != H5I_DATASET) {
      unread.push_back({name, reason});
      continue;
    }
    auto stored = open_column(file.get(), path, stored_name, name, reason);
    if (!stored) {
      unread.push_back({name, reason});
      continue;
    }
    stored->file_bytes = file_bytes;
    OpenColumn column{std::move(*stored), nullptr, {}};
    if (column.stored.info.picture() && column.stored.kind == StoredColumn::Kind::kNumbers) {
      column.stored.dataset = open_pictures(file.get(), stored_name, std::move(column.stored.dataset));
      column.pictures = std::make_unique<PictureRows>(path, column.stored.dataset.get(), name);
    }
    if (!open.emplace(name, std::move(column)).second)
      fail<DataError>("{}: two columns have the name '{}'", path.string(), name);
  }
}

const EpisodeFile::Impl::OpenColumn& EpisodeFile::Impl::find(const std::string& name) const {
  const auto found = open.find(name);
  if (found != open.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [key, column] : open) names.push_back(key);
  const std::string known = names.empty() ? "none" : name_list(names);
  for (const auto& [key, reason] : unread)
    if (key == name)
      fail<DataError>("{}: column '{}' cannot be read: {}; there are: {}", path.string(), name, reason, known);
  fail<DataError>("{}: no column '{}'; there are: {}", path.string(), name, known);
}

Tensor EpisodeFile::Impl::read(const std::string& name, int64_t first, int64_t count) const {
  const OpenColumn& column = find(name);
  if (column.gaps.empty()) return column.stored.read(first, count);
  const int64_t all = column.stored.rows + static_cast<int64_t>(column.gaps.size());
  FORESEE_CHECK(first >= 0 && count >= 0 && count <= all - first, "expected rows of 0..{}, got {} from {} ('{}' of {})",
                all, count, first, name, path.string());
  const auto below = [&](int64_t row) {
    return std::lower_bound(column.gaps.begin(), column.gaps.end(), row) - column.gaps.begin();
  };
  const Tensor there = column.stored.read(first - below(first), count - (below(first + count) - below(first)));
  auto shape = there.sizes().vec();
  shape[0] = count;
  const auto dtype = at::isFloatingType(there.scalar_type()) ? there.scalar_type() : at::kDouble;
  Tensor out = at::full(shape, std::numeric_limits<double>::quiet_NaN(), dtype);
  for (int64_t row = first, from = 0; row < first + count;) {
    const auto gap = std::lower_bound(column.gaps.begin(), column.gaps.end(), row);
    const int64_t end = gap == column.gaps.end() ? first + count : std::min(*gap, first + count);
    out.narrow(0, row - first, end - row).copy_(there.narrow(0, from, end - row));
    from += end - row;
    row = end + 1;
  }
  return out;
}

std::vector<int64_t> EpisodeFile::Impl::integers(const std::string& name) const {
  const StoredColumn& column = find(name).stored;
  if (!std::all_of(column.info.shape.begin(), column.info.shape.end(), [](int64_t n) { return n == 1; }))
    fail<DataError>("{}: expected whole numbers in '{}'", path.string(), name);
  const Tensor stored = column.read(0, column.rows).flatten(), values = stored.to(at::kLong).contiguous();
  if (at::isFloatingType(column.info.dtype) && !at::equal(values.to(at::kDouble), stored.to(at::kDouble)))
    fail<DataError>("{}: expected whole numbers in '{}'", path.string(), name);
  return {values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel()};
}

/// Rows of the file: of its pictures, else of its actions.
int64_t EpisodeFile::Impl::find_rows() const {
  if (open.contains("pixels")) return open.at("pixels").stored.rows;
  for (const auto& [name, column] : open)
    if (is_picture_name(name) && column.stored.info.shape.size() >= 2) return column.stored.rows;
  return find("action").stored.rows;
}

void EpisodeFile::Impl::find_episodes() {
  rows = find_rows();
  std::vector<int64_t> row_ids;
  for (const char* name : {"ep_idx", "episode_idx"})
    if (row_ids.empty() && open.contains(name)) row_ids = integers(name);
  if (open.contains("ep_len")) {
    take_bounds(row_ids);
  } else if (!row_ids.empty()) {
    take_runs(row_ids);
  } else {
    find("ep_len");  // throws: says what there is
  }
  if (lengths.size() != offsets.size() || lengths.empty())
    fail<DataError>("{}: {} lengths and {} offsets of episodes", path.string(), lengths.size(), offsets.size());
  check_bounds(lengths, offsets, rows, path.string());
  check_row_ids(lengths, offsets, row_ids, path.string());
  for (size_t i = 0; i < lengths.size(); ++i) {
    const auto row = static_cast<size_t>(offsets[i]);
    ids.push_back(lengths[i] > 0 && row < row_ids.size() ? row_ids[row] : static_cast<int64_t>(i));
  }
  list_columns();
  int64_t bytes = 0;  // of a row with all its columns: episodes are read as a whole
  for (const auto& column : columns) bytes += row_bytes(column);
  check_size(bytes * *std::max_element(lengths.begin(), lengths.end()), "its longest episode");
}

void EpisodeFile::Impl::take_bounds(const std::vector<int64_t>& row_ids) {
  lengths = integers("ep_len");
  const int64_t counted = total_rows(lengths, rows, path.string());
  const auto each = static_cast<int64_t>(lengths.size());
  // Lengths that count actions, where every episode has one picture more.
  const bool of_actions = row_ids.empty() && each > 0 && counted == rows - each && open.contains("action") &&
                          open.at("action").stored.rows == counted;
  if (open.contains("ep_offset") && !of_actions) {
    offsets = integers("ep_offset");
    return;
  }
  if (of_actions) {
    notes.push_back("ep_len counts actions: every episode has one row more");
    for (auto& length : lengths) ++length;
  } else if (counted != rows) {
    fail<DataError>("{}: no ep_offset, and the lengths in ep_len add up to {} of {} rows", path.string(), counted,
                    rows);
  }
  int64_t row = 0;
  for (const int64_t length : lengths) {
    offsets.push_back(row);
    row += length;
  }
}

/// Episodes are runs of rows with the same number.
void EpisodeFile::Impl::take_runs(const std::vector<int64_t>& row_ids) {
  for (size_t i = 0; i < row_ids.size(); ++i) {
    if (i == 0 || row_ids[i] != row_ids[i - 1]) {
      offsets.push_back(static_cast<int64_t>(i));
      lengths.push_back(0);
    }
    ++lengths.back();
  }
  std::vector<int64_t> steps;
  if (open.contains("step_idx")) steps = integers("step_idx");
  std::map<int64_t, int64_t> seen;  // first row of each number
  for (const int64_t row : offsets) {
    const auto at = static_cast<size_t>(row);
    const auto [first, is_new] = seen.emplace(row_ids[at], row);
    if (!is_new && (at >= steps.size() || steps[at] != 0))
      fail<DataError>(
          "{}: the rows of episode {} lie apart (rows {} and {}): several environments were recorded side by side. "
          "Sort the rows by episode first",
          path.string(), row_ids[at], first->second, row);
  }
}

/// Rows that a column lacks, where that is the last of the file or of every episode. @returns whether it fits.
bool EpisodeFile::Impl::mend_gaps(OpenColumn& column) {
  const int64_t missing = rows - column.stored.rows;
  if (missing == 0) return true;
  if (column.stored.info.picture()) return false;
  std::vector<int64_t> last;
  for (size_t i = 0; i < lengths.size(); ++i)
    if (lengths[i] > 0) last.push_back(offsets[i] + lengths[i] - 1);
  std::sort(last.begin(), last.end());
  if (missing == static_cast<int64_t>(last.size()))
    column.gaps = std::move(last);
  else if (missing == 1)
    column.gaps = {rows - 1};
  else
    return false;
  if (!at::isFloatingType(column.stored.info.dtype)) column.stored.info.dtype = at::kDouble;
  return true;
}

void EpisodeFile::Impl::list_columns() {
  for (auto& [name, column] : open) {
    if (name == "ep_len" || name == "ep_offset") continue;
    ColumnInfo& info = column.stored.info;
    const ColumnInfo stored = info;
    if (mend_gaps(column)) {
      columns.push_back(info);
      if (!column.gaps.empty())
        notes.push_back(fmt::format("'{}' has {} rows of {}: the last {} no value", name, column.stored.rows, rows,
                                    column.gaps.size() == 1 ? "row has" : "row of every episode has"));
      info = stored;  // what is read
      continue;
    }
    if (name == "action")
      fail<DataError>("{}: 'pixels' has {} rows and 'action' {}", path.string(), rows, column.stored.rows);
    unread.push_back({name, fmt::format("{} rows of {}", column.stored.rows, rows)});
  }
  int64_t counted = 0;
  for (const int64_t length : lengths) counted += length;
  if (counted < rows) flaws.push_back(fmt::format("{} of {} rows belong to no episode", rows - counted, rows));
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
const ColumnInfo& EpisodeFile::column(const std::string& name) const { return impl_->find(name).stored.info; }
const std::vector<UnreadColumn>& EpisodeFile::unread() const { return impl_->unread; }
const std::vector<std::string>& EpisodeFile::notes() const { return impl_->notes; }
const std::vector<std::string>& EpisodeFile::flaws() const { return impl_->flaws; }
bool EpisodeFile::has_pictures(const std::string& name) const {
  const auto found = impl_->open.find(name);
  return found != impl_->open.end() && found->second.pictures != nullptr;
}

Tensor EpisodeFile::read(const std::string& column, int64_t first, int64_t count) const {
  return impl_->read(column, first, count);
}

void EpisodeFile::read_pictures(const std::string& name, int64_t first, int64_t step, int64_t count,
                                uint8_t* planes) const {
  const Impl::OpenColumn& column = impl_->find(name);
  FORESEE_CHECK(column.pictures && first >= 0 && step >= 1 && count >= 1 &&
                    (column.stored.rows - 1 - first) / step >= count - 1 && first < column.stored.rows,
                "expected pictures of 0..{}, got {} from {}, {} apart ('{}' of {})", column.stored.rows, count, first,
                step, name, impl_->path.string());
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
