#include "data/clip/loader.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "data/clip/frame_reader.h"
#include "jepa/core/config.h"
#include "jepa/core/epoch_order.h"
#include "jepa/core/error.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"
#include "jepa/core/memory.h"

namespace foresee::data {
namespace {

// Broken clips in a row after which the data as a whole counts as unreadable.
constexpr int kMaxAttempts = 32;

// Draws of one sample begin this far apart; a sample takes at most kMaxAttempts * (1 + 1 + 10 * 2 + 3).
constexpr uint64_t kDrawsPerSample = uint64_t{1} << 16;

VideoSet with_colours(VideoSet set, ColourConversion colours) {
  set.colours = colours;
  return set;
}

}  // namespace

void describe(Fields& f, VideoLoaderConfig& c) {
  f("batch", c.batch, "clips of a batch", {1, 65536});
  f("size", c.size, "height and width of the network's input, pixels", {1, 8192});
  f("clip", c.clip, "which frames make a clip");
  f("crop", c.crop, "random resized crop and flip of training");
  f("augment", c.augment, "random crop and flip; false: centre crop");
  f("short_side", c.short_side, "decode to this short side at most, pixels; 0: full size", {0, 16384});
  f("cache_mb", c.cache_mb, "keep all frames decoded in memory when they fit in this, MB; 0: never", {0, 1e7});
  f.choice("colours", c.colours, kColourConversionNames,
           "arithmetic of colours. exact: the standard's; swscale: FFmpeg's fast path, which published weights saw");
  f("workers", c.workers, "threads that decode ahead", {1, 256});
  f("ahead", c.ahead, "batches made ahead of the one asked for", {0, 1024});
}

struct VideoLoader::Impl {
  // One batch that is being made.
  struct Slot {
    int64_t step = 0;
    VideoBatch batch;
    int64_t handed_out = 0, done = 0;  // clips
    std::exception_ptr error;
    std::once_flag allocated;
  };

  Impl(const VideoSet& videos, std::vector<FrameRange> allowed, VideoLoaderConfig wanted, Normalisation statistics,
       uint64_t seed_value)
      : set(with_colours(videos, wanted.colours)),
        ranges(std::move(allowed)),
        config(std::move(wanted)),
        normalisation(statistics),
        seed(seed_value) {
    FORESEE_CHECK(!ranges.empty(), "expected at least one range of frames");
    const auto real = [](int64_t value) { return static_cast<double>(value); };
    const double clip = 3.0 * real(config.clip.frames) * real(config.size) * real(config.size) * sizeof(float);
    check_memory(clip * real(config.batch) * (real(config.ahead) + 1),
                 fmt::format("loader: batch, ahead, size and clip.frames ({} batches of {} clips)", config.ahead + 1,
                             config.batch));
    for (const FrameRange& range : ranges) {
      FORESEE_CHECK(range.video >= 0 && range.video < static_cast<int64_t>(set.files.size()),
                    "expected a video in [0, {}), got {}", set.files.size(), range.video);
      FORESEE_CHECK(range.begin >= 0 && range.begin < range.end &&
                        range.end <= set.files[static_cast<size_t>(range.video)].info.frame_count,
                    "expected frames inside [0, {}), got [{}, {})",
                    set.files[static_cast<size_t>(range.video)].info.frame_count, range.begin, range.end);
    }
    for (const VideoFile& file : set.files) times.push_back(file.frame_times());
    if (config.cache_mb > 0)
      cache = FrameCache::make(set, ranges, config.short_side, config.cache_mb, config.workers + 1);
    try {
      for (int64_t i = 0; i < config.workers; ++i) workers.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      end_workers();
      fail("loader.workers: cannot start thread {} of {}: {}", workers.size() + 1, config.workers,
           system_reason(error.code()));
    }
  }

  ~Impl() { end_workers(); }

  void end_workers() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    work_wanted.notify_all();
    workers.clear();  // joins
  }

  void work() {
    FrameReader reader(set, config.short_side, cache);
    EpochOrder order(static_cast<int64_t>(ranges.size()), /*batch=*/1, seed);
    std::unique_lock lock(mutex);
    while (true) {
      std::shared_ptr<Slot> slot;
      work_wanted.wait(lock, [&] { return stopping || (slot = next_job()) != nullptr; });
      if (stopping) return;
      const int64_t row = slot->handed_out++;
      lock.unlock();
      std::exception_ptr error;
      try {
        std::call_once(slot->allocated, [&] {  // here, where a failure reaches batch()
          slot->batch.frames = at::empty({config.batch, 3, config.clip.frames, config.size, config.size}, at::kFloat);
        });
        make_clip(*slot, row, reader, order);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error && !slot->error) slot->error = error;
      if (++slot->done == config.batch) batch_ready.notify_all();
    }
  }

  // The earliest batch with clips left to make; a new one while the queue has room. @pre the lock is held.
  std::shared_ptr<Slot> next_job() {
    if (!next_step) return nullptr;
    for (const auto& slot : slots)
      if (slot->handed_out < config.batch) return slot;
    if (static_cast<int64_t>(slots.size()) > config.ahead) return nullptr;
    auto slot = std::make_shared<Slot>();
    slot->step = (*next_step)++;
    slot->batch.clips.resize(static_cast<size_t>(config.batch));
    slots.push_back(slot);
    return slot;
  }

  void make_clip(Slot& slot, int64_t row, FrameReader& reader, EpochOrder& order) {
    const auto step = static_cast<uint64_t>(slot.step);
    RandomSequence random(Random(seed, Stream::kCrop, step), static_cast<uint64_t>(row) * kDrawsPerSample);
    int64_t choice = order.batch(slot.step * config.batch + row).front();
    for (int attempt = 0;; ++attempt) {
      const FrameRange& range = ranges[static_cast<size_t>(choice)];
      const VideoFile& file = set.files[static_cast<size_t>(range.video)];
      ClipSource& source = slot.batch.clips[static_cast<size_t>(row)];
      source.video = range.video;
      source.indices = pick_clip(range.begin, range.end, times[static_cast<size_t>(range.video)], file.info.average_fps,
                                 config.clip, random);
      try {
        const Tensor frames = reader.frames(range.video, source.indices);  // [T, 3, H, W]
        const Tensor out = slot.batch.frames.select(0, row);               // [3, T, size, size]
        if (config.augment) {
          source.crop = sample_crop(frames.size(2), frames.size(3), config.crop, random);
          crop_resize_normalise(frames, source.crop, Resampling::kBilinear, normalisation, out);
        } else {
          source.crop = {0, 0, frames.size(2), frames.size(3), false};
          evaluation_clip(frames, config.size * 256 / 224, normalisation, out);
        }
        return;
      } catch (const DataError& error) {
        note_replaced(range.video, error.what());
        if (attempt + 1 == kMaxAttempts)
          fail<DataError>("{} clips in a row cannot be decoded; the last: {}", kMaxAttempts, error.what());
      }
      choice = random.integer(static_cast<int64_t>(ranges.size()));
    }
  }

  void note_replaced(int64_t video, const char* reason) {
    const std::lock_guard lock(mutex);
    ++replaced;
    if (named.insert(video).second) log_warning("{}; other clips take the place of those that need it", reason);
  }

  VideoBatch take(int64_t step) {
    FORESEE_CHECK(step >= 0, "expected a step >= 0, got {}", step);
    const auto begin = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex);
    go_to(step);
    work_wanted.notify_all();
    batch_ready.wait(lock, [&] { return !slots.empty() && slots.front()->done == config.batch; });
    const std::shared_ptr<Slot> slot = slots.front();
    slots.pop_front();
    work_wanted.notify_all();
    waited_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (slot->error) std::rethrow_exception(slot->error);
    return std::move(slot->batch);
  }

  // Makes `step` the next batch to come. @pre the lock is held.
  void go_to(int64_t step) {
    while (!slots.empty() && slots.front()->step < step) slots.pop_front();
    if (!slots.empty() && slots.front()->step == step) return;
    if (slots.empty() && next_step == step) return;
    slots.clear();
    next_step = step;
  }

  const VideoSet set;
  const std::vector<FrameRange> ranges;
  const VideoLoaderConfig config;
  const Normalisation normalisation;
  const uint64_t seed;
  std::shared_ptr<const FrameCache> cache;
  std::vector<FrameTimes> times;  // of every file

  std::mutex mutex;  // guards all below
  std::condition_variable work_wanted, batch_ready;
  std::deque<std::shared_ptr<Slot>> slots;  // rising steps; a dropped one lives on until its workers are done
  std::optional<int64_t> next_step;         // of the next new slot; absent until the first request
  std::set<int64_t> named;                  // videos that were warned of
  int64_t replaced = 0;
  double waited_s = 0;
  bool stopping = false;
  std::vector<std::jthread> workers;
};

VideoLoader::VideoLoader(const VideoSet& set, std::vector<FrameRange> ranges, VideoLoaderConfig config,
                         Normalisation normalisation, uint64_t seed)
    : impl_(std::make_unique<Impl>(set, std::move(ranges), std::move(config), normalisation, seed)) {}
VideoLoader::~VideoLoader() = default;

void VideoLoader::start(int64_t step) {
  const std::lock_guard lock(impl_->mutex);
  impl_->go_to(step);
  impl_->work_wanted.notify_all();
}

VideoBatch VideoLoader::batch(int64_t step) { return impl_->take(step); }

int64_t VideoLoader::replaced_clips() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->replaced;
}

bool VideoLoader::cached() const { return impl_->cache != nullptr; }

double VideoLoader::waited_s() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->waited_s;
}

}  // namespace foresee::data
