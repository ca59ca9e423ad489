#include "data/episode/source.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "data/episode/formats/foreign.h"
#include "data/episode/formats/joined_source.h"
#include "data/episode/planes.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/hash.h"
#include "jepa/core/log.h"
#include "jepa/core/text/factor_spec.h"
#include "jepa/core/text/name_list.h"

namespace foresee::data {
namespace fs = std::filesystem;

std::string named(std::span<const LeftOut> parts) {
  constexpr size_t kNamed = 5;
  std::string text;
  for (const auto& part : parts.first(std::min(parts.size(), kNamed)))
    text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", part.what, part.reason);
  if (parts.size() > kNamed) text += fmt::format("; and {} more", parts.size() - kNamed);
  return text;
}

int64_t ColumnInfo::numbers() const {
  int64_t product = 1;
  for (const auto n : shape) product *= n;
  return product;
}

std::string column_name(std::string name) {
  const bool factor = name.starts_with(factor_column(""));
  for (char& c : name)
    if ((c == '.' && !factor) || c == '/') c = '_';
  return name;
}

namespace {

/// The last part of a path that says anything.
std::string identity_name(const fs::path& path) {
  fs::path name = fs::absolute(path).lexically_normal();
  if (!name.has_filename()) name = name.parent_path();
  return name.filename().string();
}

}  // namespace

std::vector<uint64_t> stable_ids(std::vector<uint64_t> ids, const std::string& file_name) {
  constexpr size_t kTellsNothing = 10;  // episodes of which a tenth is one
  if (ids.size() >= kTellsNothing) return ids;
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != i) return ids;
  // 31 bits: what every format can write.
  for (auto& id : ids) id = (hash_bytes(file_name) * 31 + id) % 0x7FFFFFFFu;
  return ids;
}

int64_t EpisodeSource::length(int64_t episode) const {
  check_rows(episode, 0, 0);
  return info_.lengths[static_cast<size_t>(episode)];
}

uint64_t EpisodeSource::id(int64_t episode) const {
  check_rows(episode, 0, 0);
  return info_.ids[static_cast<size_t>(episode)];
}

const ColumnInfo* EpisodeSource::find(const std::string& column) const {
  const auto found =
      std::find_if(info_.columns.begin(), info_.columns.end(), [&](const auto& info) { return info.name == column; });
  return found == info_.columns.end() ? nullptr : &*found;
}

const ColumnInfo& EpisodeSource::column(const std::string& name) const {
  if (const ColumnInfo* found = find(name)) return *found;
  std::vector<std::string> known;
  for (const auto& info : info_.columns) known.push_back(info.name);
  for (const auto& unread : info_.unread)
    if (unread.name == name) fail<DataError>("{}: column '{}' cannot be read: {}", path_.string(), name, unread.reason);
  fail<DataError>("{}: no column '{}'; there are: {}", path_.string(), name, known.empty() ? "none" : name_list(known));
}

void EpisodeSource::check_rows(int64_t episode, int64_t first, int64_t count) const {
  FORESEE_CHECK(episode >= 0 && episode < episodes(), "expected an episode of 0..{}, got {} ({})", episodes(), episode,
                path_.string());
  const int64_t rows = info_.lengths[static_cast<size_t>(episode)];
  FORESEE_CHECK(first >= 0 && count >= 0 && first <= rows && count <= rows - first,
                "expected rows of 0..{}, got {} from {} (episode {} of {})", rows, count, first, episode,
                path_.string());
}

void EpisodeSource::leave_out(int64_t listed, std::string reason) { left_out_.emplace(listed, std::move(reason)); }

void EpisodeSource::opened(const SourceOptions& options, const std::string& usual_camera) {
  choose_columns(options, usual_camera);
  keep_episodes(options);
}

void EpisodeSource::choose_columns(const SourceOptions& options, const std::string& usual_camera) {
  std::sort(info_.columns.begin(), info_.columns.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  take_forms();
  choose_camera(options, usual_camera);
}

void EpisodeSource::take_forms() {
  const auto lengths = static_cast<int64_t>(info_.lengths.size());
  int64_t first = 0;
  while (first < lengths && is_left_out(first)) ++first;
  std::vector<ColumnInfo> kept;
  for (ColumnInfo& column : info_.columns) {
    if (column.picture() || !is_picture_name(column.name)) {
      kept.push_back(std::move(column));
      continue;
    }
    std::string reason;
    const auto form = picture_form(column, reason);
    const bool samples = form && form->values == PictureForm::Values::kUnknown && first < lengths;
    if (form) {
      PictureForm known = *form;
      if (samples)
        known = known.seen(
            read_rows(first, column.name, 0, std::min<int64_t>(info_.lengths[static_cast<size_t>(first)], 8)), reason);
      if (reason.empty()) {
        info_.notes.push_back(fmt::format("{}: {}", column.name, known.text(column)));
        forms_[column.name] = known;
        column.shape = known.rgb_shape(column.shape);
        column.dtype = at::kByte;
        kept.push_back(std::move(column));
        continue;
      }
    }
    if (reason.empty())
      kept.push_back(std::move(column));  // numbers that happen to have such a name
    else
      info_.unread.push_back({column.name, reason});
  }
  info_.columns = std::move(kept);
}

void EpisodeSource::choose_camera(const SourceOptions& options, const std::string& usual_camera) {
  std::vector<std::string> cameras;
  for (const auto& column : info_.columns)
    if (column.picture()) cameras.push_back(column.name);
  const std::string listed = cameras.empty() ? "none" : name_list(cameras);
  const auto find_camera = [&](const std::string& asked) -> std::string {
    const std::string wanted = column_name(asked);
    for (const auto& column : info_.columns)
      if (column.picture() && (column.name == wanted || column.name == "pixels_" + wanted || column.origin == asked))
        return column.name;
    for (const auto& unread : info_.unread)
      if (unread.name == wanted || unread.name == "pixels_" + wanted || unread.name == asked)
        fail<DataError>("{}: camera '{}' cannot be used: {}", path_.string(), asked, unread.reason);
    fail<DataError>("{}: no camera '{}'; there are: {}", path_.string(), asked, listed);
  };
  std::vector<std::string> asked;
  for (size_t at = 0; at < options.camera.size();) {
    const size_t end = std::min(options.camera.find(',', at), options.camera.size());
    if (end > at) asked.push_back(find_camera(options.camera.substr(at, end - at)));
    at = end + 1;
  }
  const auto known = [&](const std::string& name) {
    return std::find(cameras.begin(), cameras.end(), name) != cameras.end();
  };
  if (options.any_camera && asked.empty() && cameras.size() > 1)
    info_.notes.push_back(fmt::format("{} cameras, of which one or several can be chosen: {}", cameras.size(), listed));
  if (!asked.empty()) {
    camera_ = asked.front();
  } else if (known(usual_camera)) {
    camera_ = usual_camera;
  } else if (!known("pixels")) {
    if (cameras.size() > 1 && !options.any_camera)
      fail<DataError>("{}: several cameras, choose one or several of them: {}", path_.string(), listed);
    if (!cameras.empty()) camera_ = cameras.front();
  }
  if (asked.size() > 1) {
    std::vector<std::string> unkept;
    std::erase_if(info_.columns, [&](const auto& column) {
      const bool other = column.picture() && std::find(asked.begin(), asked.end(), column.name) == asked.end();
      if (other) unkept.push_back(column.name);
      return other;
    });
    if (!unkept.empty()) info_.notes.push_back("cameras that were not asked for are not kept: " + name_list(unkept));
  }
  for (const auto& name : asked.empty() ? std::vector<std::string>{camera_} : asked)
    info_.cameras.push_back(name == camera_ ? "pixels" : name);
  if (camera_ == "pixels") return;
  std::erase_if(info_.columns, [](const auto& column) { return column.name == "pixels"; });
  for (auto& column : info_.columns)
    if (column.name == camera_) column.name = "pixels";
}

std::vector<std::string> EpisodeSource::needed_cameras(const SourceOptions& options) const {
  std::vector<std::string> names;
  for (const auto& column : info_.columns)
    if (column.picture() && (column.name == "pixels" || options.every_camera || info_.cameras.size() > 1))
      names.push_back(stored(column.name));
  return names;
}

void EpisodeSource::keep_episodes(const SourceOptions& options) {
  const size_t all = info_.lengths.size();
  if (info_.names.empty())
    for (size_t i = 0; i < all; ++i) info_.names.push_back(fmt::format("episode {}", i));
  if (info_.ids.empty())
    for (size_t i = 0; i < all; ++i) info_.ids.push_back(i);
  for (const auto& [number, reason] : left_out_)
    info_.left_out.push_back({info_.names[static_cast<size_t>(number)], reason});
  // Before the broken ones go: mending one must not move the others into another split.
  info_.ids = stable_ids(std::move(info_.ids), identity_name(path_));

  const std::string broken = named(info_.left_out);
  if (options.strict && !broken.empty())
    fail<DataError>("{}: {} of {} episodes cannot be used: {}", path_.string(), info_.left_out.size(),
                    all + info_.left_out.size() - left_out_.size(), broken);
  if (left_out_.size() == all) {
    if (broken.empty()) fail<DataError>("{}: holds no episode", path_.string());
    fail<DataError>("{}: no episode can be used: {}", path_.string(), broken);
  }
  if (!left_out_.empty()) {
    const auto keep = [&](auto& list) {
      if (list.empty()) return;
      size_t to = 0;
      for (size_t i = 0; i < all; ++i)
        if (!is_left_out(static_cast<int64_t>(i))) list[to++] = list[i];
      list.resize(to);
    };
    for (size_t i = 0; i < all; ++i)
      if (!is_left_out(static_cast<int64_t>(i))) listed_.push_back(static_cast<int64_t>(i));
    keep(info_.lengths), keep(info_.ids), keep(info_.names), keep(info_.tasks);
  }
  if (options.quiet) return;
  if (!broken.empty())
    log_warning("{}: {} of {} episodes are left out: {}", path_.string(), info_.left_out.size(),
                info_.lengths.size() + info_.left_out.size(), broken);
  if (const std::string text = summary(); !text.empty()) log_warning("{}: {}", path_.string(), text);
}

std::string EpisodeSource::summary() const {
  std::string text;
  for (const auto& [name, reason] : info_.unread)
    text += fmt::format("{}{} ({})", text.empty() ? "columns that are not read: " : ", ", name, reason);
  for (const auto& flaw : info_.flaws) text += (text.empty() ? "" : "; ") + flaw;
  for (const auto& note : info_.notes) text += (text.empty() ? "" : "; ") + note;
  return text;
}

Tensor EpisodeSource::read(int64_t episode, const std::string& name, int64_t first, int64_t count) const {
  const ColumnInfo& info = column(name);
  check_rows(episode, first, count);
  Tensor rows = as_pictures(stored(name), read_rows(listed(episode), stored(name), first, count));
  if (info.picture()) require_size(info, episode, first, rows);
  return rows;
}

void EpisodeSource::require_size(const ColumnInfo& info, int64_t episode, int64_t first, const Tensor& rows) const {
  if (rows.sizes().slice(1) != at::IntArrayRef(info.shape))
    fail<DataError>("{}: {}: from row {} on pictures of '{}' are {} x {}, of the others {} x {}", path_.string(),
                    info_.names[static_cast<size_t>(episode)], first, info.name, rows.size(1), rows.size(2),
                    info.shape[0], info.shape[1]);
}

Tensor EpisodeSource::as_pictures(const std::string& stored_name, Tensor rows) const {
  const auto form = forms_.find(stored_name);
  return form == forms_.end() ? rows : form->second.rgb(rows);
}

Tensor EpisodeSource::read_all(const std::string& name) const {
  std::vector<Tensor> rows;
  for (int64_t e = 0; e < episodes(); ++e) rows.push_back(read(e, name, 0, length(e)));
  return at::cat(rows);
}

void EpisodeSource::read_pictures(int64_t episode, int64_t first, int64_t step, int64_t count, uint8_t* planes) const {
  FORESEE_CHECK(step >= 1 && count >= 1, "expected at least one picture and a positive step, got {} and {}", count,
                step);
  check_rows(episode, first, (count - 1) * step + 1);
  const std::string name = stored("pixels");
  if (!forms_.contains(name)) return read_planes(listed(episode), name, first, step, count, planes);
  const Tensor rows = as_pictures(name, read_chosen(listed(episode), name, rows_from(first, step, count))).contiguous();
  const int64_t numbers = rows.numel() / count;
  for (int64_t i = 0; i < count; ++i)
    to_planes(rows.const_data_ptr<uint8_t>() + i * numbers, numbers / 3, planes + i * numbers);
}

Tensor EpisodeSource::pictures(int64_t episode, const std::string& name, int64_t first, int64_t step,
                               int64_t count) const {
  const ColumnInfo& info = column(name);
  FORESEE_CHECK(info.picture() && step >= 1 && count >= 1, "expected a column of pictures, got '{}'", name);
  check_rows(episode, first, (count - 1) * step + 1);
  Tensor rows = as_pictures(stored(name), read_chosen(listed(episode), stored(name), rows_from(first, step, count)));
  require_size(info, episode, first, rows);
  return rows;
}

std::vector<int64_t> EpisodeSource::rows_from(int64_t first, int64_t step, int64_t count) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < count; ++i) rows.push_back(first + i * step);
  return rows;
}

Tensor EpisodeSource::read_chosen(int64_t episode, const std::string& name, std::span<const int64_t> rows) const {
  std::vector<Tensor> pictures;
  for (const int64_t row : rows) pictures.push_back(read_rows(episode, name, row, 1));
  return at::cat(pictures).contiguous();
}

void EpisodeSource::read_planes(int64_t episode, const std::string& name, int64_t first, int64_t step, int64_t count,
                                uint8_t* planes) const {
  const Tensor pictures = read_chosen(episode, name, rows_from(first, step, count)).contiguous();
  const int64_t numbers = pictures.numel() / count;
  if (numbers != column("pixels").numbers())
    fail<DataError>("{}: from row {} of an episode on pictures are {} x {}, of the others {} x {}", path_.string(),
                    first, pictures.size(1), pictures.size(2), column("pixels").shape[0], column("pixels").shape[1]);
  for (int64_t i = 0; i < count; ++i)
    to_planes(pictures.const_data_ptr<uint8_t>() + i * numbers, numbers / 3, planes + i * numbers);
}

Episode EpisodeSource::episode(int64_t index) const {
  Episode episode{.id = id(index), .frames = {}, .columns = {}, .task = {}};
  if (!info_.tasks.empty()) episode.task = info_.tasks[static_cast<size_t>(index)];
  for (const auto& column : info_.columns) {
    Tensor rows = read(index, column.name, 0, length(index));
    (column.name == "pixels" ? episode.frames : episode.columns[column.name]) = std::move(rows);
  }
  return episode;
}

namespace {

bool has_extension(const fs::path& folder, std::string_view extension) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().extension() == extension) return true;
  return false;
}

bool is_droid(const fs::path& path) {
  if (!fs::is_directory(path)) return false;
  // The date folders of a laboratory lie three levels above an episode.
  std::error_code ignored;
  auto entry = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, ignored);
  for (; entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
    if (entry.depth() > 5) entry.disable_recursion_pending();
    if (entry->path().filename() == "trajectory.h5") return true;
  }
  return false;
}

}  // namespace

std::unique_ptr<EpisodeSource> open_source(const fs::path& path, const SourceOptions& options) {
  if (!fs::exists(path)) fail<DataError>("{}: no such file or folder", path.string());
  const auto extension = path.extension();
  if (const auto reason = foreign_format(path)) fail<DataError>("{}: {}", path.string(), *reason);
  if (!fs::is_directory(path)) {
    if (const auto reason = why_not_a_file(path)) fail<DataError>("{}: {}", path.string(), *reason);
    if (extension == ".npz") return open_npz(path, options);
    if (extension == ".txt" || extension == ".csv") return open_droid(path, options);
    return open_hdf5(path, options);
  }
  if (fs::exists(path / "meta" / "info.json")) return open_lerobot(path, options);
  if (fs::exists(path / "ep_len.npz")) return open_folder(path, options);
  for (const auto& folder : {path, path / "train", path / "val"})
    if (fs::exists(folder / "states.pth")) return open_dino_wm(path, options);
  if (fs::exists(path / "trajectory.h5")) return open_droid(path, options);
  if (has_extension(path, ".h5") || has_extension(path, ".hdf5")) return open_hdf5(path, options);
  if (has_extension(path, ".npz")) return open_npz(path, options);
  if (is_droid(path)) return open_droid(path, options);
  if (!files_below(path, {".h5", ".hdf5"}).empty()) return open_hdf5(path, options);
  if (!files_below(path, {".npz"}).empty()) return open_npz(path, options);
  fail<DataError>(
      "{}: no episodes that are known: expected HDF5, npz, stable-worldmodel's folder or video layout, LeRobot "
      "(meta/info.json), DINO-WM (states.pth) or DROID raw (trajectory.h5)",
      path.string());
}

}  // namespace foresee::data
