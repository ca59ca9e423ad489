#include "foresee/evaluate/offline/starts.h"

#include <algorithm>
#include <map>

#include "jepa/core/error.h"
#include "jepa/core/random.h"

namespace foresee {
namespace {

constexpr uint64_t kEpisodeDraw = 20, kStartDraw = 1000;

using ClipsByEpisode = std::map<int64_t, std::vector<data::EpisodeClip>>;

ClipsByEpisode clips_by_episode(const SequenceReader& reader, const std::vector<int64_t>& episodes,
                                const data::ClipShape& shape) {
  ClipsByEpisode out;
  for (const auto& clip : reader.dataset->clips(shape, data::Split::kAll))
    if (std::binary_search(episodes.begin(), episodes.end(), clip.episode)) out[clip.episode].push_back(clip);
  return out;
}

}  // namespace

int64_t OfflineStarts::present(int64_t start, int64_t block) const {
  return clips[static_cast<size_t>(start)].start + (history - 1) * block;
}

std::vector<int64_t> drawn_episodes(std::vector<int64_t> episodes, int64_t most, uint64_t seed) {
  const auto total = static_cast<int64_t>(episodes.size());
  const auto order = Random(seed, Stream::kBaseline, kEpisodeDraw).permutation(total);
  std::vector<int64_t> out;
  for (int64_t i = 0; i < std::min(most, total); ++i)
    out.push_back(episodes[static_cast<size_t>(order[static_cast<size_t>(i)])]);
  std::sort(out.begin(), out.end());
  return out;
}

OfflineStarts draw_starts(const SequenceReader& reader, const std::vector<int64_t>& episodes, int64_t history,
                          int64_t horizon, int64_t most, uint64_t seed) {
  const int64_t lead = std::max<int64_t>(history, 2);  // the block before the present is a baseline
  data::ClipShape shape{.frames = lead + 1, .frameskip = reader.rows, .columns = reader.columns};
  ClipsByEpisode found = clips_by_episode(reader, episodes, shape);
  if (found.empty())
    fail<DataError>("eval: no episode to judge on has {} rows of finite numbers, which a start and one block take ({})",
                    shape.span(), reader.dataset->why_few_clips(shape, data::Split::kAll));
  const size_t fewest = (found.size() + 1) / 2;
  OfflineStarts out{.history = history, .horizon = horizon};
  for (; out.horizon > 1; --out.horizon) {
    shape.frames = lead + out.horizon;
    ClipsByEpisode longer = clips_by_episode(reader, episodes, shape);
    if (longer.size() < fewest) continue;
    found = std::move(longer);
    break;
  }
  const auto each = std::max<int64_t>(1, most / static_cast<int64_t>(found.size()));
  for (const auto& [episode, clips] : found) {
    const auto total = static_cast<int64_t>(clips.size());
    const auto order = Random(seed, Stream::kBaseline, kStartDraw + static_cast<uint64_t>(episode)).permutation(total);
    for (int64_t i = 0; i < std::min(each, total); ++i) {
      data::EpisodeClip clip = clips[static_cast<size_t>(order[static_cast<size_t>(i)])];
      clip.start += (lead - history) * reader.rows;
      out.clips.push_back(clip);
    }
  }
  shape.frames = history + out.horizon;
  out.clips = reader.dataset->readable(shape, std::move(out.clips));
  if (out.clips.empty()) fail<DataError>("eval: no picture of the episodes to judge on can be read");
  return out;
}

}  // namespace foresee
