#include <algorithm>
#include <chrono>
#include <thread>

#include "data/episode/episode_loader.h"
#include "jepa/core/error.h"
#include "tools/bench/bench.h"

namespace foresee::tools {

nlohmann::ordered_json bench_episodes(const EpisodesBench& bench) {
  const int64_t threads = bench.threads > 0
                              ? bench.threads
                              : std::max<int64_t>(1, static_cast<int64_t>(std::thread::hardware_concurrency()));
  const data::EpisodeDataset dataset({bench.input}, bench.cache ? data::EpisodeDataset::kCacheBytes : 0);
  const data::ClipShape shape{.frames = bench.frames, .frameskip = bench.frameskip, .columns = {}};
  data::EpisodeLoader loader(
      dataset, shape, {.batch = bench.batch, .seed = bench.seed, .split = data::Split::kAll, .threads = threads});
  std::vector<double> rates;
  int64_t step = 0;
  double seen = 0;                                    // nothing is left unread
  for (int64_t r = 0; r <= bench.repetitions; ++r) {  // the first one warms up
    const auto begin = std::chrono::steady_clock::now();
    const int64_t batches = std::max<int64_t>(1, bench.samples / bench.batch);
    for (int64_t i = 0; i < batches; ++i) {
      const data::ClipBatch batch = loader.batch(step++);
      seen += batch.frames.const_data_ptr<uint8_t>()[batch.frames.numel() - 1];
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (r > 0) rates.push_back(static_cast<double>(batches * bench.batch) / seconds);
  }
  std::sort(rates.begin(), rates.end());
  const double median = rates[rates.size() / 2];
  const double megabytes = static_cast<double>(bench.frames * 3 * dataset.height() * dataset.width()) * 1e-6;
  return {{"input", bench.input.string()},
          {"clip", fmt::format("{} x {} x {} px, {} rows apart", bench.frames, dataset.height(), dataset.width(),
                               bench.frameskip)},
          {"clips", loader.clips()},
          {"threads", threads},
          {"batch", bench.batch},
          {"samples_per_s", {{"median", median}, {"low", rates.front()}, {"high", rates.back()}}},
          {"megabytes_per_s", median * megabytes},
          {"checksum", seen}};
}

}  // namespace foresee::tools
