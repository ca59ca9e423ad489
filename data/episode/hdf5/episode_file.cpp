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

constexpr const char* kGroup = "a group, not a column";

/// Names that other writers use, and ours.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"actions", "action"}, {"states", "state"}, {"ep_offsets", "ep_offset"}};

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
  bool one_episode = false;   // where nothing says where episodes lie
  std::string bounds_column;  // of another name, or ep_len

  void open_columns();
  void find_episodes();
  void find_bounds(std::vector<int64_t>& row_ids);
  int64_t find_rows() const;
  void take_lengths(const std::string& name, const std::vector<int64_t>& row_ids);
  void take_bounds(EpisodeBounds bounds);
  bool unstack();
  Tensor numbers(const std::string& name) const;
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
  const std::vector<std::string> stored_names = hdf5_root_names(path, file.get());
  for (const auto& stored_name : stored_names) {
    std::string name = column_name(stored_name);  // it may become the name of a file
    for (const auto& [theirs, ours] : kAliases)
      if (name == theirs && std::find(stored_names.begin(), stored_names.end(), ours) == stored_names.end())
        name = ours;
    const Hdf5Handle object = open_hdf5_object(file.get(), stored_name);
    std::string reason = object.valid() ? kGroup : hdf5_reason();
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
  if (open.contains("action")) return open.at("action").stored.rows;
  std::vector<std::string> names;
  for (const auto& [name, column] : open) names.push_back(name);
  for (const auto& [name, reason] : unread) names.push_back(reason == kGroup ? name + "/" : name);
  fail<DataError>(
      "{}: no episodes that are known: expected 'pixels' and 'action' [rows, ...], a group with 'actions' for each "
      "episode (robomimic, ManiSkill), or ALOHA's 'observations' and 'action'; there are: {}",
      path.string(), names.empty() ? "none" : name_list(names));
}

/// Arrays [episodes, T, ...], as NumPy stacks them, become rows: told by pictures of one axis more than pictures have.
bool EpisodeFile::Impl::unstack() {
  const auto is_stack = [](const OpenColumn& column) {
    const ColumnInfo& info = column.stored.info;
    std::string reason;
    return info.shape.size() == 4 &&
           picture_form({"pixels", info.dtype, {info.shape.begin() + 1, info.shape.end()}}, reason);
  };
  const auto lead = std::find_if(
      open.begin(), open.end(), [&](const auto& item) { return is_picture_name(item.first) && is_stack(item.second); });
  if (lead == open.end()) return false;
  const int64_t episodes = lead->second.stored.rows, each = lead->second.stored.info.shape.front();
  for (auto& [name, column] : open) {
    StoredColumn& stored = column.stored;
    if (stored.kind != StoredColumn::Kind::kNumbers || stored.rows != episodes || stored.info.shape.empty()) continue;
    if (stored.info.shape.front() != each && stored.info.shape.front() != each - 1) continue;
    column.pictures = nullptr;  // they read rows of the first axis
    stored.unstack();
  }
  for (int64_t e = 0; e < episodes; ++e) offsets.push_back(e * each), lengths.push_back(each);
  notes.push_back(
      fmt::format("arrays [{}, {}, ...] are read as {} episodes of {} rows", episodes, each, episodes, each));
  return true;
}

/// Values of a column that another writer may have named so; undefined where it is none of single numbers.
Tensor EpisodeFile::Impl::numbers(const std::string& name) const {
  const auto found = open.find(name);
  if (found == open.end() || found->second.stored.info.picture()) return {};
  const StoredColumn& column = found->second.stored;
  if (std::any_of(column.info.shape.begin(), column.info.shape.end(), [](int64_t n) { return n != 1; })) return {};
  return column.read(0, column.rows).flatten();
}

void EpisodeFile::Impl::find_episodes() {
  const bool stacked = !open.contains("ep_len") && unstack();
  rows = find_rows();
  std::vector<int64_t> row_ids;
  for (const char* name : {"ep_idx", "episode_idx"})
    if (row_ids.empty() && open.contains(name)) row_ids = integers(name);
  if (open.contains("ep_len"))
    take_lengths("ep_len", row_ids);
  else if (!stacked)
    find_bounds(row_ids);
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

/// Without "ep_len": see Note [Names of bounds]. @param row_ids  of ours; set where another column has them.
void EpisodeFile::Impl::find_bounds(std::vector<int64_t>& row_ids) {
  for (const std::string_view name : kLengthNames)
    if (const Tensor values = numbers(std::string(name)); values.defined() && values.numel() != rows) {
      notes.push_back(fmt::format("episodes have the lengths in '{}'", name));
      return take_lengths(std::string(name), row_ids);
    }
  for (const std::string_view name : kRowIdNames) {
    if (!row_ids.empty()) break;
    const Tensor values = numbers(std::string(name));
    if (!values.defined() || values.numel() != rows) continue;
    if (const auto ids = whole_numbers(values)) {
      row_ids = *ids;
      notes.push_back(fmt::format("'{}' says which episode a row belongs to", name));
    }
  }
  if (!row_ids.empty()) {
    std::vector<int64_t> steps;
    for (const char* name : {"step_idx", "frame_index"})
      if (steps.empty() && open.contains(name)) steps = integers(name);
    return take_bounds(bounds_of_runs(row_ids, steps, path.string()));
  }
  auto ends = bounds_of_ends([this](const std::string& name) { return numbers(name); }, rows, path.string());
  if (ends) {
    notes.push_back(fmt::format("episodes end as '{}' says: {} of them", ends->column, ends->lengths.size()));
    return take_bounds(std::move(*ends));
  }
  if (one_episode) return take_bounds({.lengths = {rows}, .offsets = {0}, .column = {}});
  std::vector<std::string> names;
  for (const auto& [key, column] : open) names.push_back(key);
  fail<DataError>(
      "{}: nothing says where its episodes begin: expected 'ep_len' (rows of each), 'ep_idx' (of every row) or "
      "'episode_ends'; there are: {}",
      path.string(), name_list(names));
}

void EpisodeFile::Impl::take_bounds(EpisodeBounds bounds) {
  lengths = std::move(bounds.lengths);
  offsets = std::move(bounds.offsets);
  bounds_column = std::move(bounds.column);
}

void EpisodeFile::Impl::take_lengths(const std::string& name, const std::vector<int64_t>& row_ids) {
  bounds_column = name;
  lengths = integers(name);
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
    notes.push_back(name + " counts actions: every episode has one row more");
    for (auto& length : lengths) ++length;
  } else if (counted != rows) {
    fail<DataError>("{}: no ep_offset, and the lengths in {} add up to {} of {} rows", path.string(), name, counted,
                    rows);
  }
  int64_t row = 0;
  for (const int64_t length : lengths) {
    offsets.push_back(row);
    row += length;
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
    if (name == "ep_len" || name == "ep_offset" || (name == bounds_column && column.stored.rows != rows)) continue;
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

EpisodeFile::EpisodeFile(const std::filesystem::path& path, bool one_episode) : impl_(std::make_unique<Impl>()) {
  const Hdf5Lock lock;
  impl_->path = path;
  impl_->one_episode = one_episode;
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
