#include "foresee/evaluate/offline/distances.h"

#include <cmath>
#include <limits>

#include "foresee/evaluate/quality/reading.h"
#include "foresee/evaluate/results.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"

namespace foresee {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr int64_t kExactly = 2;  // of cdist: no matrix products, whose rounding makes ties

/// Squared distances. @param a  float [P, F]. @param b  float [R, F]. @returns double [P, R].
Tensor squared_distances(const Tensor& a, const Tensor& b) {
  return at::cdist(a, b, 2.0, kExactly).to(at::kDouble).square();
}

/// bool [P]: the starts of an episode.
Tensor starts_in(const OfflineStarts& starts, int64_t episode) {
  std::vector<int64_t> episodes;
  for (const auto& clip : starts.clips) episodes.push_back(clip.episode);
  return torch::tensor(episodes, at::kLong) == episode;
}

/// bool [P, P]: whether the end of the second is the present of the first.
Tensor end_is_present(const OfflineStarts& starts, int64_t block, int64_t horizon) {
  std::vector<int64_t> episodes, rows;
  for (int64_t i = 0; i < starts.count(); ++i) {
    episodes.push_back(starts.clips[static_cast<size_t>(i)].episode);
    rows.push_back(starts.present(i, block));
  }
  const Tensor episode = torch::tensor(episodes, at::kLong), row = torch::tensor(rows, at::kLong);
  return (episode.unsqueeze(1) == episode.unsqueeze(0)) & (row.unsqueeze(1) == row.unsqueeze(0) + horizon * block);
}

}  // namespace

Tensor neighbours_blocks(const WorldModel& model, const SequenceReader& reader, const RecordedLog& log,
                         const OfflineStarts& starts, const OfflineSearches& found, const JobControl& control) {
  const int64_t count = starts.count(), horizon = starts.horizon;
  Tensor nearest = at::full({count, horizon}, kInfinite, at::kDouble);
  Tensor row = at::zeros({count, horizon}, at::kLong);
  Progress progress(control, "compare", static_cast<int64_t>(log.episodes.size()), "episodes");
  for (size_t e = 0; e < log.episodes.size(); ++e) {
    stop_where_asked(control);
    const Tensor latents = encoded_rows(model, reader, log.episodes[e]).flatten(1);
    const int64_t first = log.first[e], rows = log.first[e + 1] - first;
    const Tensor from_present = squared_distances(found.present, latents);
    const Tensor own = starts_in(starts, log.episodes[e]).unsqueeze(1);
    for (int64_t h = 1; h <= horizon && h < rows; ++h) {
      const Tensor usable = log.usable.slice(0, first, first + rows - h);
      const Tensor distance =
          (from_present.slice(1, 0, rows - h) + squared_distances(found.ends.select(1, h - 1), latents.slice(0, h)))
              .masked_fill(own | ~usable, kInfinite);
      const auto [least, index] = distance.min(1);
      const Tensor nearer = least < nearest.select(1, h - 1);
      row.select(1, h - 1).copy_(at::where(nearer, index + first, row.select(1, h - 1)));
      nearest.select(1, h - 1).copy_(at::minimum(least, nearest.select(1, h - 1)));
    }
    progress.update(static_cast<int64_t>(e) + 1);
  }
  progress.finish();
  const Tensor blocks = log.blocks.index_select(0, row.flatten()).view({count, horizon, -1});
  return blocks.masked_fill(nearest.isinf().unsqueeze(-1), std::nan(""));
}

Tensor last_blocks(const SequenceReader& reader, const OfflineStarts& starts) {
  std::vector<Tensor> blocks;
  for (int64_t i = 0; i < starts.count(); ++i)
    blocks.push_back(recorded_blocks(reader, starts.clips[static_cast<size_t>(i)].episode,
                                     starts.present(i, reader.rows) - reader.rows, 1)
                         .blocks[0]);
  return at::stack(blocks);
}

Tensor finds_own_end(const Tensor& encodings, const Tensor& ends, const OfflineStarts& starts, int64_t block,
                     int64_t horizon) {
  const Tensor distance =
      squared_distances(encodings, ends).masked_fill(end_is_present(starts, block, horizon), kInfinite);
  const Tensor best = distance == std::get<0>(distance.min(1, /*keepdim=*/true));
  return best.diagonal().to(at::kDouble) / best.sum(1).to(at::kDouble);
}

double chance_to_find(const OfflineStarts& starts, int64_t block, int64_t horizon) {
  return (~end_is_present(starts, block, horizon)).sum(1).to(at::kDouble).reciprocal().mean().item<double>();
}

}  // namespace foresee
