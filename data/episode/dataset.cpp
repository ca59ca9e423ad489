#include "data/episode/dataset.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "data/episode/episode_file.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"

namespace foresee::data {
namespace {

constexpr int64_t kSlabRows = 1000;      // rows read at a time while filling the cache
constexpr int64_t kColumnNumbers = 256;  // columns with more numbers a row than this stay in the file

Tensor planar(const Tensor& pixels) { return pixels.permute({0, 3, 1, 2}).contiguous(); }

int64_t memory_limit(int64_t cache_bytes) {
  const int64_t physical = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGE_SIZE);
  return std::min(cache_bytes, physical / 2);
}

}  // namespace

struct EpisodeDataset::Impl {
  /// Rows of one file, or one episode in memory.
  struct Source {
    Tensor frames;      // uint8 [rows, 3, H, W]; undefined: read from the file when asked for
    TensorMap columns;  // float [rows, ...]
    std::unique_ptr<EpisodeFile> file;
  };

  struct Entry {
    size_t source;
    int64_t first, length;  // rows of the source
    uint64_t id;
  };

  std::vector<Source> sources;
  std::vector<Entry> entries;
  int64_t height = 0, width = 0, action_size = 0;

  void take_size(const std::string& what, int64_t h, int64_t w, int64_t channels, int64_t actions);
  void open(const std::filesystem::path& path);
  void fill_cache();
  const Entry& entry(int64_t episode) const {
    FORESEE_CHECK(episode >= 0 && episode < static_cast<int64_t>(entries.size()),
                  "expected an episode of 0..{}, got {}", entries.size(), episode);
    return entries[static_cast<size_t>(episode)];
  }
  /// Rows of an episode; checked.
  int64_t first_row(int64_t episode, int64_t first, int64_t count) const {
    const Entry& e = entry(episode);
    FORESEE_CHECK(first >= 0 && count >= 0 && count <= e.length - first, "expected rows of 0..{}, got {} from {}",
                  e.length, count, first);
    return e.first + first;
  }
  const Tensor& column(const Entry& entry, const std::string& name) const;
  void copy_frame(const Entry& entry, int64_t row, uint8_t* out) const;
};

void EpisodeDataset::Impl::take_size(const std::string& what, int64_t h, int64_t w, int64_t channels, int64_t actions) {
  if (channels != 3) fail<DataError>("{}: expected pictures of 3 channels, channels last, got {}", what, channels);
  if (height == 0) height = h, width = w, action_size = actions;
  if (h != height || w != width || actions != action_size)
    fail<DataError>("{}: pictures of {} x {} and actions of {} numbers do not go with {} x {} and {}", what, h, w,
                    actions, height, width, action_size);
}

void EpisodeDataset::Impl::open(const std::filesystem::path& path) {
  Source source;
  source.file = std::make_unique<EpisodeFile>(path);
  const EpisodeFile& file = *source.file;
  const ColumnInfo &pixels = file.column("pixels"), &action = file.column("action");
  if (pixels.dtype != at::kByte || pixels.shape.size() != 3 || action.shape.size() != 1)
    fail<DataError>("{}: expected pixels uint8 [rows, H, W, 3] and action [rows, A]", path.string());
  take_size(path.string(), pixels.shape[0], pixels.shape[1], pixels.shape[2], action.shape[0]);
  for (const auto& column : file.columns()) {
    int64_t numbers = 1;
    for (const auto n : column.shape) numbers *= n;
    if (column.name != "pixels" && numbers <= kColumnNumbers)
      source.columns[column.name] = file.read(column.name, 0, file.rows()).to(at::kFloat);
  }
  for (int64_t e = 0; e < file.episodes(); ++e)
    entries.push_back({sources.size(), file.offset(e), file.length(e), file.id(e)});
  sources.push_back(std::move(source));
}

void EpisodeDataset::Impl::fill_cache() {
  for (auto& source : sources) {
    const int64_t rows = source.file->rows();
    source.frames = at::empty({rows, 3, height, width}, at::kByte);
    for (int64_t row = 0; row < rows; row += kSlabRows) {
      const int64_t count = std::min(kSlabRows, rows - row);
      source.frames.narrow(0, row, count).copy_(source.file->read("pixels", row, count).permute({0, 3, 1, 2}));
    }
  }
}

const Tensor& EpisodeDataset::Impl::column(const Entry& entry, const std::string& name) const {
  const auto& columns = sources[entry.source].columns;
  const auto found = columns.find(name);
  if (found != columns.end()) return found->second;
  std::string known;
  for (const auto& [key, values] : columns) known += (known.empty() ? "" : ", ") + key;
  fail<DataError>("no column '{}' in episode {}; there are: {}", name, entry.id, known);
}

void EpisodeDataset::Impl::copy_frame(const Entry& entry, int64_t row, uint8_t* out) const {
  const Source& source = sources[entry.source];
  const int64_t bytes = 3 * height * width;
  const Tensor read = source.frames.defined() ? Tensor() : planar(source.file->read("pixels", row, 1));
  const uint8_t* from =
      source.frames.defined() ? source.frames.const_data_ptr<uint8_t>() + row * bytes : read.const_data_ptr<uint8_t>();
  std::memcpy(out, from, static_cast<size_t>(bytes));
}

EpisodeDataset::EpisodeDataset(const std::vector<std::filesystem::path>& paths, int64_t cache_bytes)
    : impl_(std::make_unique<Impl>()) {
  FORESEE_CHECK(!paths.empty(), "expected at least one episode file");
  for (const auto& path : paths) impl_->open(path);
  int64_t rows = 0;
  for (const auto& source : impl_->sources) rows += source.file->rows();
  const int64_t bytes = rows * 3 * impl_->height * impl_->width;
  if (bytes <= memory_limit(cache_bytes)) {
    impl_->fill_cache();
  } else {
    log_info("{:.1f} GB of pictures do not fit into the cache of {:.1f} GB: they are read from disk as they are needed",
             static_cast<double>(bytes) * 1e-9, static_cast<double>(memory_limit(cache_bytes)) * 1e-9);
  }
}

EpisodeDataset::EpisodeDataset(std::vector<Episode> episodes) : impl_(std::make_unique<Impl>()) {
  FORESEE_CHECK(!episodes.empty(), "expected at least one episode");
  for (auto& episode : episodes) {
    const std::string what = fmt::format("episode {}", episode.id);
    FORESEE_CHECK(episode.frames.dim() == 4 && episode.columns.contains("action"),
                  "{}: expected frames uint8 [T, H, W, 3] and a column 'action'", what);
    const Tensor& frames = episode.frames;
    impl_->take_size(what, frames.size(1), frames.size(2), frames.size(3), episode.columns.at("action").size(1));
    Impl::Source source{.frames = planar(frames), .columns = {}, .file = nullptr};
    for (const auto& [name, values] : episode.columns) source.columns[name] = values.to(at::kFloat).contiguous();
    impl_->entries.push_back({impl_->sources.size(), 0, episode.length(), episode.id});
    impl_->sources.push_back(std::move(source));
    episode.frames = Tensor();  // one copy in memory is enough
  }
}

EpisodeDataset::~EpisodeDataset() = default;
EpisodeDataset::EpisodeDataset(EpisodeDataset&&) noexcept = default;

int64_t EpisodeDataset::episodes() const { return static_cast<int64_t>(impl_->entries.size()); }
int64_t EpisodeDataset::length(int64_t episode) const { return impl_->entry(episode).length; }
uint64_t EpisodeDataset::id(int64_t episode) const { return impl_->entry(episode).id; }
int64_t EpisodeDataset::height() const { return impl_->height; }
int64_t EpisodeDataset::width() const { return impl_->width; }
int64_t EpisodeDataset::action_size() const { return impl_->action_size; }
bool EpisodeDataset::has(const std::string& column) const {
  return std::all_of(impl_->sources.begin(), impl_->sources.end(),
                     [&](const auto& source) { return source.columns.contains(column); });
}

std::vector<int64_t> EpisodeDataset::episodes_of(Split split) const {
  std::vector<int64_t> chosen;
  for (int64_t e = 0; e < episodes(); ++e)
    if (in_split(id(e), split)) chosen.push_back(e);
  return chosen;
}

std::vector<Clip> EpisodeDataset::clips(const ClipShape& shape, Split split) const {
  FORESEE_CHECK(shape.frames > 0 && shape.frameskip > 0,
                "expected at least one frame and a positive frame skip, got {} and {}", shape.frames, shape.frameskip);
  std::vector<Clip> clips;
  for (const int64_t e : episodes_of(split))
    for (int64_t start = 0; start + shape.span() <= length(e); ++start) clips.push_back({e, start});
  return clips;
}

ClipBatch EpisodeDataset::read(const ClipShape& shape, std::span<const Clip> clips) const {
  const auto batch = static_cast<int64_t>(clips.size());
  ClipBatch out;
  out.frames = at::empty({batch, shape.frames, 3, height(), width()}, at::kByte);
  out.actions = at::empty({batch, shape.frames, shape.frameskip, action_size()}, at::kFloat);
  std::map<std::string, std::vector<Tensor>> columns;
  uint8_t* frame = out.frames.data_ptr<uint8_t>();
  float* action = out.actions.data_ptr<float>();
  const int64_t frame_bytes = 3 * height() * width(), clip_actions = shape.span() * action_size();
  for (const Clip& clip : clips) {
    const auto& entry = impl_->entry(clip.episode);
    const int64_t row = impl_->first_row(clip.episode, clip.start, shape.span());
    for (int64_t t = 0; t < shape.frames; ++t, frame += frame_bytes)
      impl_->copy_frame(entry, row + t * shape.frameskip, frame);
    std::memcpy(action, impl_->column(entry, "action").const_data_ptr<float>() + row * action_size(),
                static_cast<size_t>(clip_actions) * sizeof(float));
    action += clip_actions;
    for (const auto& name : shape.columns)
      columns[name].push_back(impl_->column(entry, name).slice(0, row, row + shape.span(), shape.frameskip));
  }
  for (const auto& [name, rows] : columns) out.columns[name] = at::stack(rows);
  return out;
}

Tensor EpisodeDataset::frames(int64_t episode, int64_t first, int64_t count) const {
  const int64_t row = impl_->first_row(episode, first, count);
  const auto& source = impl_->sources[impl_->entry(episode).source];
  return source.frames.defined() ? source.frames.narrow(0, row, count).clone()
                                 : planar(source.file->read("pixels", row, count));
}

Tensor EpisodeDataset::column(int64_t episode, const std::string& name, int64_t first, int64_t count) const {
  return impl_->column(impl_->entry(episode), name).narrow(0, impl_->first_row(episode, first, count), count).clone();
}

ColumnStatistics EpisodeDataset::statistics(const std::string& column, Split split) const {
  std::vector<Tensor> rows;
  for (const int64_t e : episodes_of(split)) {
    const auto& entry = impl_->entry(e);
    rows.push_back(impl_->column(entry, column).narrow(0, entry.first, entry.length).flatten(1));
  }
  if (rows.empty()) fail<DataError>("no episode to take the mean of '{}' over", column);
  Tensor all = at::cat(rows).to(at::kDouble);
  all = all.index({at::isfinite(all).all(/*dim=*/1)});
  if (all.size(0) == 0) fail<DataError>("column '{}' holds no row of numbers", column);
  const Tensor mean = all.mean(0), std = all.std(0, /*unbiased=*/false);
  const auto list = [](const Tensor& t) {
    return std::vector<double>(t.const_data_ptr<double>(), t.const_data_ptr<double>() + t.numel());
  };
  return {list(mean), list(std)};
}

ActionSpec EpisodeDataset::action_spec(int64_t block) const {
  auto [mean, std] = statistics("action");
  for (auto& deviation : std)
    if (deviation == 0) deviation = 1;  // a component that never moves
  return {.size = action_size(), .block = block, .low = {}, .high = {}, .mean = std::move(mean), .std = std::move(std)};
}

}  // namespace foresee::data
