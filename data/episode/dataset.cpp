#include "data/episode/dataset.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "data/episode/planes.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/core/memory.h"
#include "jepa/core/text/factor_spec.h"
#include "jepa/core/text/name_list.h"
#include "jepa/core/watch/progress.h"

namespace foresee::data {
namespace {

constexpr int64_t kOwnSizeAtOnce = 16;   // pictures in their own size that are held at once
constexpr int64_t kColumnNumbers = 256;  // columns with more numbers a row than this stay in the file

/// uint8 [T, H, W, 3] -> [T, 3, H, W].
Tensor planar(const Tensor& pixels) {
  const Tensor from = pixels.contiguous();
  const int64_t count = from.size(0), numbers = from.size(1) * from.size(2) * 3;
  Tensor out = at::empty({count, 3, from.size(1), from.size(2)}, at::kByte);
  for (int64_t i = 0; i < count; ++i)
    to_planes(from.const_data_ptr<uint8_t>() + i * numbers, numbers / 3, out.data_ptr<uint8_t>() + i * numbers);
  return out;
}

/// Calls work(i) for i in [0, count), shared among threads; the first failure is thrown again here.
template <class Work>
void share(int64_t count, int64_t threads, const Work& work) {
  threads = std::clamp<int64_t>(threads, 1, std::max<int64_t>(count, 1));
  std::exception_ptr failure;
  std::mutex mutex;
  const auto part = [&](int64_t t) {
    try {
      for (int64_t i = count * t / threads; i < count * (t + 1) / threads; ++i) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  int64_t started = 1;
  try {
    for (; started < threads; ++started) others.emplace_back(part, started);
  } catch (const std::system_error&) {  // no more threads: this one does their share
  }
  part(0);
  for (; started < threads; ++started) part(started);
  for (auto& thread : others) thread.join();
  if (failure) std::rethrow_exception(failure);
}

int64_t memory_limit(int64_t cache_bytes) { return std::min(cache_bytes, machine_memory() / 2); }

}  // namespace

struct EpisodeDataset::Impl {
  /// One set of episodes, or one episode in memory.
  struct Source {
    Tensor frames;      // uint8 [rows, 3, H, W]; undefined: read from the set when asked for
    TensorMap columns;  // float [rows, ...]
    std::unique_ptr<EpisodeSource> set;
    std::map<std::string, Tensor> broken;  // int64 [rows + 1]: how many rows before this one hold NaN or infinity
    int64_t height = 0, width = 0;         // of the set's pictures
  };

  struct Entry {
    size_t source;
    int64_t number;         // in its set
    int64_t first, length;  // rows of the source's tensors
    uint64_t id;
    bool factor_held = false;  // kept from training by the value of a factor
  };

  std::vector<Source> sources;
  std::vector<Entry> entries;
  std::optional<PictureFit> fit;
  int64_t height = 0, width = 0, action_size = 0;
  bool strict = false;  // a broken part is an error

  void take_size(const std::string& what, int64_t h, int64_t w, int64_t channels, int64_t actions);
  void open(const std::filesystem::path& path, const SourceOptions& options);
  void read_all_pictures(bool keep, const std::function<void(int64_t episode)>& before = {});
  void count_broken(Source& source);
  int64_t broken_rows(const Entry& entry, const std::string& column, int64_t first, int64_t count) const;
  bool whole(const Entry& entry, const ClipShape& shape, int64_t start) const;
  const Entry& entry(int64_t episode) const {
    FORESEE_CHECK(episode >= 0 && episode < static_cast<int64_t>(entries.size()),
                  "expected an episode of 0..{}, got {}", entries.size(), episode);
    return entries[static_cast<size_t>(episode)];
  }
  /// The same, checked to have the rows.
  const Entry& entry(int64_t episode, int64_t first, int64_t count) const {
    const Entry& e = entry(episode);
    FORESEE_CHECK(first >= 0 && count >= 0 && count <= e.length - first, "expected rows of 0..{}, got {} from {}",
                  e.length, count, first);
    return e;
  }
  const Tensor& column(const Entry& entry, const std::string& name) const;
  /// `count` pictures of an episode, `step` rows apart, to uint8 [count, 3, H, W].
  void copy_frames(const Entry& entry, int64_t row, int64_t step, int64_t count, uint8_t* out) const;
  void copy_views(const Source& source, const Entry& entry, int64_t row, int64_t step, int64_t count,
                  uint8_t* out) const;
};

void EpisodeDataset::Impl::take_size(const std::string& what, int64_t h, int64_t w, int64_t channels, int64_t actions) {
  if (channels != 3) fail<DataError>("{}: expected pictures of 3 channels, channels last, got {}", what, channels);
  if (height == 0) height = h, width = w, action_size = actions;
  if (h != height || w != width || actions != action_size)
    fail<DataError>("{}: pictures of {} x {} and actions of {} numbers do not go with {} x {} and {}", what, h, w,
                    actions, height, width, action_size);
}

void EpisodeDataset::Impl::open(const std::filesystem::path& path, const SourceOptions& options) {
  Source source;
  source.set = open_source(path, options);
  const EpisodeSource& set = *source.set;
  for (const auto& unread : set.info().unread)
    if (unread.name == "action")
      fail<DataError>("{}: column 'action' cannot be read: {}", path.string(), unread.reason);
  const ColumnInfo& pixels = set.column("pixels");
  if (!pixels.picture()) fail<DataError>("{}: expected pixels uint8 [rows, H, W, 3]", path.string());
  for (const auto& column : set.info().columns) {
    if (column.name == "pixels" || column.numbers() > kColumnNumbers) continue;
    Tensor values = set.read_all(column.name).to(at::kFloat).contiguous();
    if (column.name == "action" && values.dim() == 1) values = values.unsqueeze(1);
    source.columns[column.name] = std::move(values);
  }
  const auto action = source.columns.find("action");
  if (action != source.columns.end() && action->second.dim() != 2)
    fail<DataError>("{}: expected action [rows, A], got {}", path.string(), foresee::describe(action->second));
  source.height = pixels.shape[0], source.width = pixels.shape[1];
  take_size(path.string(), fit ? fit->height() : source.height, fit ? fit->columns() : source.width, pixels.shape[2],
            action == source.columns.end() ? 0 : action->second.size(1));
  if (fit && fit->rule == PictureRule::kResize && set.info().cameras.size() < 2 &&
      source.height * fit->columns() != source.width * fit->height())
    log_warning("{}: pictures of {} x {} are squeezed to {} x {} (picture=resize); crop and pad keep their shape",
                path.string(), source.width, source.height, fit->columns(), fit->height());
  count_broken(source);
  int64_t first = 0;
  for (int64_t e = 0; e < set.episodes(); ++e) {
    entries.push_back({sources.size(), e, first, set.length(e), set.id(e)});
    first += set.length(e);
  }
  sources.push_back(std::move(source));
}

/// Reads all pictures. An episode that does not decode is left out here, not in the middle of a training.
/// @param keep  in memory. @param before  called before each episode with the number of those that were read.
void EpisodeDataset::Impl::read_all_pictures(bool keep, const std::function<void(int64_t)>& before) {
  const int64_t bytes = 3 * height * width;
  std::vector<Entry> kept;
  std::vector<LeftOut> broken;
  for (size_t s = 0; s < sources.size(); ++s) {
    int64_t rows = 0, longest = 0;
    for (const int64_t length : sources[s].set->info().lengths) rows += length, longest = std::max(longest, length);
    Tensor frames = at::empty({keep ? rows : std::min(longest, kOwnSizeAtOnce), 3, height, width}, at::kByte);
    uint8_t* const to = frames.data_ptr<uint8_t>();
    for (const Entry& entry : entries) {
      if (entry.source != s) continue;
      if (before) before(static_cast<int64_t>(kept.size() + broken.size()));
      try {
        if (keep) copy_frames(entry, 0, 1, entry.length, to + entry.first * bytes);
        for (int64_t row = 0; !keep && row < entry.length; row += kOwnSizeAtOnce)
          copy_frames(entry, row, 1, std::min(kOwnSizeAtOnce, entry.length - row), to);
        kept.push_back(entry);
      } catch (const DataError& error) {
        if (strict) throw;
        broken.push_back({sources[s].set->info().names[static_cast<size_t>(entry.number)], error.what()});
      }
    }
    if (keep) sources[s].frames = std::move(frames);
  }
  if (broken.empty()) return;
  if (kept.empty()) fail<DataError>("no episode's pictures can be read: {}", named(broken));
  log_warning("{} of {} episodes are left out, whose pictures cannot be read: {}", broken.size(), entries.size(),
              named(broken));
  entries = std::move(kept);
}

void EpisodeDataset::Impl::count_broken(Source& source) {
  for (const auto& [name, values] : source.columns) {
    const Tensor bad = values.reshape({values.size(0), -1}).isfinite().all(1).logical_not().to(at::kLong);
    if (bad.any().item<bool>()) source.broken[name] = at::cat({at::zeros({1}, at::kLong), bad.cumsum(0)}).contiguous();
  }
}

int64_t EpisodeDataset::Impl::broken_rows(const Entry& entry, const std::string& column, int64_t first,
                                          int64_t count) const {
  const auto& broken = sources[entry.source].broken;
  const auto found = broken.find(column);
  if (found == broken.end()) return 0;
  const int64_t* const before = found->second.const_data_ptr<int64_t>() + entry.first + first;
  return before[count] - before[0];
}

/// Whether a clip holds numbers only, but for what the last row of an episode has no value for.
bool EpisodeDataset::Impl::whole(const Entry& entry, const ClipShape& shape, int64_t start) const {
  const int64_t rows = std::min(shape.span(), entry.length - 1 - start);
  if (rows > 0 && broken_rows(entry, "action", start, rows) > 0) return false;
  for (const auto& name : shape.columns)
    for (int64_t t = 0; t < shape.frames; ++t)
      if (broken_rows(entry, name, start + t * shape.frameskip, 1) > 0) return false;
  return true;
}

const Tensor& EpisodeDataset::Impl::column(const Entry& entry, const std::string& name) const {
  const auto& columns = sources[entry.source].columns;
  const auto found = columns.find(name);
  if (found != columns.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [key, values] : columns) known.push_back(key);
  fail<DataError>("no column '{}' in episode {}; there are: {}", name, entry.id, name_list(known));
}

/// The same of several cameras, side by side.
void EpisodeDataset::Impl::copy_views(const Source& source, const Entry& entry, int64_t row, int64_t step,
                                      int64_t count, uint8_t* out) const {
  const int64_t bytes = 3 * height * width;
  std::vector<Tensor> cameras;  // [count, H, W, 3] each
  for (const auto& name : source.set->info().cameras)
    cameras.push_back(source.set->pictures(entry.number, name, row, step, count));
  for (int64_t i = 0; i < count; ++i) {
    std::vector<Tensor> views;
    for (const Tensor& camera : cameras) views.push_back(camera[i].permute({2, 0, 1}));
    std::memcpy(out + i * bytes, fit_views(views, *fit).contiguous().const_data_ptr<uint8_t>(),
                static_cast<size_t>(bytes));
  }
}

void EpisodeDataset::Impl::copy_frames(const Entry& entry, int64_t row, int64_t step, int64_t count,
                                       uint8_t* out) const {
  const Source& source = sources[entry.source];
  const int64_t bytes = 3 * height * width;
  if (!source.frames.defined()) {
    const bool several = fit && source.set->info().cameras.size() > 1;
    if (several) return copy_views(source, entry, row, step, count, out);
    if (!fit || (source.height == height && source.width == width))
      return source.set->read_pictures(entry.number, row, step, count, out);
    for (int64_t i = 0; i < count; i += kOwnSizeAtOnce) {
      const int64_t some = std::min(kOwnSizeAtOnce, count - i);
      Tensor own = at::empty({some, 3, source.height, source.width}, at::kByte);
      source.set->read_pictures(entry.number, row + i * step, step, some, own.data_ptr<uint8_t>());
      for (int64_t k = 0; k < some; ++k)
        std::memcpy(out + (i + k) * bytes, fit_picture(own[k], *fit).contiguous().const_data_ptr<uint8_t>(),
                    static_cast<size_t>(bytes));
    }
    return;
  }
  const uint8_t* from = source.frames.const_data_ptr<uint8_t>() + (entry.first + row) * bytes;
  for (int64_t i = 0; i < count; ++i) std::memcpy(out + i * bytes, from + i * step * bytes, static_cast<size_t>(bytes));
}

EpisodeDataset::EpisodeDataset(const std::vector<std::filesystem::path>& paths, int64_t cache_bytes,
                               const SourceOptions& options, const std::optional<PictureFit>& fit)
    : impl_(std::make_unique<Impl>()) {
  FORESEE_CHECK(!paths.empty(), "expected at least one set of episodes");
  impl_->fit = fit;
  impl_->strict = options.strict;
  for (const auto& path : paths) impl_->open(path, options);
  int64_t rows = 0;
  for (const auto& entry : impl_->entries) rows += entry.length;
  const int64_t bytes = rows * 3 * impl_->height * impl_->width;
  if (bytes <= memory_limit(cache_bytes)) {
    impl_->read_all_pictures(/*keep=*/true);
  } else if (cache_bytes > 0) {
    log_info("{:.1f} GB of pictures do not fit into the cache of {:.1f} GB: they are read from disk as they are needed",
             static_cast<double>(bytes) * 1e-9, static_cast<double>(memory_limit(cache_bytes)) * 1e-9);
  }
}

EpisodeDataset::EpisodeDataset(std::vector<Episode> episodes) : impl_(std::make_unique<Impl>()) {
  FORESEE_CHECK(!episodes.empty(), "expected at least one episode");
  for (auto& episode : episodes) {
    const std::string what = fmt::format("episode {}", episode.id);
    FORESEE_CHECK(episode.frames.dim() == 4 && episode.frames.size(3) == 3 && episode.columns.contains("action"),
                  "{}: expected frames uint8 [T, H, W, 3] and a column 'action'", what);
    const Tensor& frames = episode.frames;
    impl_->take_size(what, frames.size(1), frames.size(2), frames.size(3), episode.columns.at("action").size(1));
    Impl::Source source;
    source.frames = planar(frames);
    for (const auto& [name, values] : episode.columns) source.columns[name] = values.to(at::kFloat).contiguous();
    impl_->count_broken(source);
    impl_->entries.push_back({impl_->sources.size(), 0, 0, episode.length(), episode.id});
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
std::optional<double> EpisodeDataset::rows_per_second() const {
  std::optional<double> rate;
  for (const auto& source : impl_->sources) {
    const std::optional<double> own = source.set ? source.set->info().fps : std::nullopt;
    if (!own || (rate && *rate != *own)) return std::nullopt;
    rate = own;
  }
  return rate;
}

bool EpisodeDataset::has(const std::string& column) const {
  return std::all_of(impl_->sources.begin(), impl_->sources.end(),
                     [&](const auto& source) { return source.columns.contains(column); });
}

std::vector<std::string> EpisodeDataset::columns() const {
  std::vector<std::string> names;
  for (const auto& [name, values] : impl_->sources.front().columns)
    if (has(name)) names.push_back(name);
  return names;
}

void EpisodeDataset::hold_out(const std::vector<std::string>& factors) {
  for (const auto& text : factors) {
    const FactorSpec spec = parse_factor_spec(text, "hold_out");
    const std::string column = factor_column(spec.key);
    if (!has(column)) {
      std::vector<std::string> known;
      for (const auto& name : columns())
        if (name.starts_with(factor_column(""))) known.push_back(name.substr(factor_column("").size()));
      fail<DataError>("hold_out: the episodes have no column '{}'{}", column,
                      known.empty() ? "; none of their factors was drawn, so nothing can be held out by one"
                                    : suggestion(spec.key, known));
    }
    int64_t found = 0;
    for (auto& entry : impl_->entries) {
      if (entry.length == 0) continue;
      const Tensor row = impl_->column(entry, column).narrow(0, entry.first, 1).to(at::kDouble).reshape({-1});
      const Tensor values = row.contiguous();
      if (!spec.holds({values.const_data_ptr<double>(), static_cast<size_t>(values.numel())})) continue;
      entry.factor_held = true;
      ++found;
    }
    if (found == 0)
      fail<DataError>(
          "hold_out: no episode has a value of '{}', so nothing is left to judge by; choose values that the "
          "data have",
          text);
    log_info("{} of {} episodes are held out by '{}'", found, episodes(), text);
  }
  if (!factors.empty() && episodes_of(Split::kTrain).empty())
    fail<DataError>("hold_out: all {} episodes are held out, so nothing is left to train on; choose fewer values",
                    episodes());
}

std::vector<int64_t> EpisodeDataset::episodes_of(Split split) const {
  std::vector<int64_t> chosen;
  for (int64_t e = 0; e < episodes(); ++e)
    if (split == Split::kAll || (held_out(id(e)) || impl_->entry(e).factor_held) == (split == Split::kHeldOut))
      chosen.push_back(e);
  return chosen;
}

std::vector<EpisodeClip> EpisodeDataset::clips(const ClipShape& shape, Split split) const {
  FORESEE_CHECK(shape.frames > 0 && shape.frameskip > 0,
                "expected at least one frame and a positive frame skip, got {} and {}", shape.frames, shape.frameskip);
  std::vector<EpisodeClip> clips;
  for (const int64_t e : episodes_of(split))
    for (int64_t start = 0; start + shape.span() <= length(e); ++start)
      if (impl_->whole(impl_->entry(e), shape, start)) clips.push_back({e, start});
  return clips;
}

std::vector<Finding> EpisodeDataset::findings(const StateReading& reading) const {
  std::vector<const EpisodeSource*> sets;
  for (const auto& source : impl_->sources)
    if (source.set) sets.push_back(source.set.get());
  return check_sources(sets, reading);
}

std::string EpisodeDataset::why_few_clips(const ClipShape& shape, Split split) const {
  const auto chosen = episodes_of(split);
  if (chosen.empty()) return fmt::format("none of {} episodes is in this split", episodes());
  std::vector<std::pair<int64_t, uint64_t>> too_short;  // length, id
  int64_t broken = 0;
  for (const int64_t e : chosen) {
    if (length(e) < shape.span()) too_short.emplace_back(length(e), id(e));
    for (int64_t start = 0; start + shape.span() <= length(e); ++start)
      broken += impl_->whole(impl_->entry(e), shape, start) ? 0 : 1;
  }
  std::sort(too_short.begin(), too_short.end());
  std::string text =
      fmt::format("a clip is {} frames, {} rows apart: {} rows", shape.frames, shape.frameskip, shape.span());
  if (!too_short.empty())
    text += fmt::format(
        "; {} of {} episodes are too short: the longest of them has {} rows ({} too few), the shortest {} ({} "
        "too few)",
        too_short.size(), chosen.size(), too_short.back().first, shape.span() - too_short.back().first,
        too_short.front().first, shape.span() - too_short.front().first);
  if (const int64_t fits = too_short.empty() ? 0 : too_short.back().first / shape.frames;
      fits > 0 && fits < shape.frameskip)
    text += fmt::format("; with a frameskip of {} the longest fits", fits);
  if (broken > 0) text += fmt::format("; {} clips hold NaN or infinity", broken);
  return text;
}

bool EpisodeDataset::strict() const { return impl_->strict; }

void EpisodeDataset::leave_out_unreadable(const JobControl& control) {
  const bool all_there = std::all_of(impl_->sources.begin(), impl_->sources.end(),
                                     [](const auto& source) { return source.frames.defined(); });
  if (all_there) return;
  Progress progress(control, "look at pictures", episodes(), "episodes");
  impl_->read_all_pictures(/*keep=*/false, [&](int64_t done) {
    if (control.stopping()) fail<Interrupted>("interrupted: {} of {} episodes were looked at", done, episodes());
    progress.update(done);
  });
  progress.finish();
}

std::vector<EpisodeClip> EpisodeDataset::readable(const ClipShape& shape, std::vector<EpisodeClip> clips) const {
  if (strict()) return clips;
  std::erase_if(clips, [&](const EpisodeClip& clip) {
    if (impl_->sources[impl_->entry(clip.episode).source].frames.defined()) return false;
    try {
      read(shape, std::span(&clip, 1));
      return false;
    } catch (const DataError&) {
      return true;
    }
  });
  return clips;
}

ClipBatch EpisodeDataset::read(const ClipShape& shape, std::span<const EpisodeClip> clips, int64_t threads,
                               Tensor reuse) const {
  const auto batch = static_cast<int64_t>(clips.size());
  ClipBatch out;
  const std::vector<int64_t> sizes{batch, shape.frames, 3, height(), width()};
  out.frames = reuse.defined() && reuse.sizes() == sizes ? std::move(reuse) : at::empty(sizes, at::kByte);
  out.actions = at::empty({batch, shape.frames, shape.frameskip, action_size()}, at::kFloat);
  uint8_t* const frames = out.frames.data_ptr<uint8_t>();
  float* const actions = out.actions.data_ptr<float>();
  const int64_t clip_bytes = shape.frames * 3 * height() * width(), clip_actions = shape.span() * action_size();
  share(batch, threads, [&](int64_t b) {
    const EpisodeClip& clip = clips[static_cast<size_t>(b)];
    const auto& entry = impl_->entry(clip.episode, clip.start, shape.span());
    impl_->copy_frames(entry, clip.start, shape.frameskip, shape.frames, frames + b * clip_bytes);
    if (clip_actions > 0)
      std::memcpy(actions + b * clip_actions,
                  impl_->column(entry, "action").const_data_ptr<float>() + (entry.first + clip.start) * action_size(),
                  static_cast<size_t>(clip_actions) * sizeof(float));
  });
  std::map<std::string, std::vector<Tensor>> columns;
  for (const EpisodeClip& clip : clips) {
    const auto& entry = impl_->entry(clip.episode);
    const int64_t row = entry.first + clip.start;
    for (const auto& name : shape.columns)
      columns[name].push_back(impl_->column(entry, name).slice(0, row, row + shape.span(), shape.frameskip));
  }
  for (const auto& [name, rows] : columns) out.columns[name] = at::stack(rows);
  return out;
}

Tensor EpisodeDataset::frames(int64_t episode, int64_t first, int64_t count) const {
  Tensor out = at::empty({count, 3, height(), width()}, at::kByte);
  const auto& entry = impl_->entry(episode, first, count);
  if (count > 0) impl_->copy_frames(entry, first, 1, count, out.data_ptr<uint8_t>());
  return out;
}

Tensor EpisodeDataset::column(int64_t episode, const std::string& name, int64_t first, int64_t count) const {
  const auto& entry = impl_->entry(episode, first, count);
  return impl_->column(entry, name).narrow(0, entry.first + first, count).clone();
}

}  // namespace foresee::data
