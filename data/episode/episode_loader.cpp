#include "data/episode/episode_loader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "jepa/core/epoch_order.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"

namespace foresee::data {

struct EpisodeLoader::Impl {
  Impl(const EpisodeDataset& dataset_in, ClipShape shape_in, LoaderConfig config_in)
      : dataset(dataset_in), shape(std::move(shape_in)), config(config_in), clips(dataset.clips(shape, config.split)) {
    FORESEE_CHECK(config.batch > 0 && config.prefetch >= 0,
                  "expected a positive batch and prefetch >= 0, got {} and {}", config.batch, config.prefetch);
    if (static_cast<int64_t>(clips.size()) < config.batch)
      fail<DataError>("{} clips are fewer than a batch of {}: {}", clips.size(), config.batch,
                      dataset.why_few_clips(shape, config.split));
    order.emplace(static_cast<int64_t>(clips.size()), config.batch, config.seed);
    if (config.prefetch > 0) worker = std::thread([this] { read_ahead(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    wake.notify_all();
    if (worker.joinable()) worker.join();
  }

  /// The clips of a step; one thread at a time.
  ClipBatch read(int64_t step) {
    std::vector<int64_t> items = order->batch(step);
    ClipBatch batch;
    try {
      batch = dataset.read(shape, chosen(items), config.threads, unused_frames());
    } catch (const DataError& error) {
      if (dataset.strict()) throw;
      if (unreadable.empty())
        log_warning("clips whose pictures cannot be read are left out, and others stand in for them: {}", error.what());
      for (int64_t& item : items) {
        const auto readable = stand_in(item);
        if (!readable) throw;
        item = *readable;
      }
      batch = dataset.read(shape, chosen(items), config.threads);
    }
    kept.push_back(batch.frames);
    return batch;
  }

  std::vector<EpisodeClip> chosen(const std::vector<int64_t>& items) const {
    std::vector<EpisodeClip> out;
    for (int64_t item : items) {
      while (unreadable.contains(item)) item = next_to(item);
      out.push_back(clips[static_cast<size_t>(item)]);
    }
    return out;
  }

  int64_t next_to(int64_t item) const { return (item + 1) % static_cast<int64_t>(clips.size()); }

  /// The clip itself, or the first behind it that can be read: whatever was read before. Nothing where none can be.
  std::optional<int64_t> stand_in(int64_t item) {
    for (size_t tried = 0; tried < clips.size(); ++tried, item = next_to(item)) {
      if (unreadable.contains(item)) continue;
      if (!dataset.readable(shape, {clips[static_cast<size_t>(item)]}).empty()) return item;
      unreadable.insert(item);
    }
    return std::nullopt;
  }

  /// Pictures of an earlier batch that only this loader still holds; undefined where there is none.
  Tensor unused_frames() {
    const auto free = std::find_if(kept.begin(), kept.end(), [](const Tensor& frames) {
      return frames.use_count() == 1 && frames.storage().use_count() == 1;  // no views either
    });
    if (free != kept.end()) {
      Tensor frames = std::move(*free);
      kept.erase(free);
      return frames;
    }
    // A reader that keeps its batches makes the list useless, and long.
    if (kept.size() > 2 * static_cast<size_t>(config.prefetch + 2)) kept.clear();
    return {};
  }

  void read_ahead() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock,
                [this] { return stop || (!failure && next && ready.size() < static_cast<size_t>(config.prefetch)); });
      if (stop) return;
      const int64_t step = *next;
      const int64_t generation = asked;
      lock.unlock();
      ClipBatch batch;
      std::exception_ptr error;
      try {
        batch = read(step);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (generation == asked) {  // else the reader jumped to another step meanwhile
        failure = error;
        if (!error) {
          ready.emplace_back(step, std::move(batch));
          next = step + 1;
        }
      }
      wake.notify_all();
    }
  }

  ClipBatch take(int64_t step) {
    if (config.prefetch == 0) return read(step);
    std::unique_lock lock(mutex);
    const bool expected = !ready.empty() ? ready.front().first == step : next == step;
    if (!expected) {
      ready.clear();
      failure = nullptr;
      next = step;
      ++asked;
      wake.notify_all();
    }
    wake.wait(lock, [this] { return failure || !ready.empty(); });
    if (ready.empty()) {
      next.reset();
      std::rethrow_exception(std::exchange(failure, nullptr));
    }
    ClipBatch batch = std::move(ready.front().second);
    ready.pop_front();
    wake.notify_all();
    return batch;
  }

  const EpisodeDataset& dataset;
  ClipShape shape;
  LoaderConfig config;
  std::vector<EpisodeClip> clips;
  std::optional<EpochOrder> order;
  std::vector<Tensor> kept;      // pictures of batches handed out
  std::set<int64_t> unreadable;  // clips

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::pair<int64_t, ClipBatch>> ready;  // consecutive steps
  std::optional<int64_t> next;                      // step that the worker reads next; nothing before the first request
  int64_t asked = 0;                                // how often the reader has jumped
  std::exception_ptr failure;
  bool stop = false;
  std::thread worker;
};

EpisodeLoader::EpisodeLoader(const EpisodeDataset& dataset, ClipShape shape, LoaderConfig config)
    : impl_(std::make_unique<Impl>(dataset, std::move(shape), config)) {}
EpisodeLoader::~EpisodeLoader() = default;
EpisodeLoader::EpisodeLoader(EpisodeLoader&&) noexcept = default;

int64_t EpisodeLoader::clips() const { return static_cast<int64_t>(impl_->clips.size()); }
int64_t EpisodeLoader::steps_per_epoch() const { return impl_->order->steps_per_epoch(); }

ClipBatch EpisodeLoader::batch(int64_t step) {
  FORESEE_CHECK(step >= 0, "expected a step of 0 or more, got {}", step);
  return impl_->take(step);
}

}  // namespace foresee::data
