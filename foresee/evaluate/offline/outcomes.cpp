#include "foresee/evaluate/offline/outcomes.h"

#include "foresee/evaluate/offline/distances.h"
#include "foresee/evaluate/offline/searches.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

/// First blocks, float [P, H or 1, D].
struct FirstBlocks {
  Tensor done, planned, neighbours, last;
  Tensor known;  // [n, D], all of the log

  /// The mean action of each block. @param block  actions of one.
  FirstBlocks means(int64_t block) const {
    const auto mean = [&](const Tensor& blocks) { return blocks.unflatten(-1, {block, -1}).mean(-2); };
    return {mean(done), mean(planned), mean(neighbours), mean(last), mean(known)};
  }

  FirstBlockDistances distances() const {
    const Tensor deviation = known.std(0, /*unbiased=*/false);
    const auto to_done = [&](const Tensor& blocks) { return action_distance(blocks, done, deviation); };
    return {to_done(planned), to_done(neighbours), to_done(last), to_done(known.mean(0))};
  }
};

}  // namespace

OfflineOutcomes offline_outcomes(const WorldModel& model, const SequenceReader& reader, const RecordedLog& log,
                                 const OfflineStarts& starts, const OfflineConfig& config, uint64_t seed,
                                 const JobControl& control) {
  const at::NoGradGuard no_grad;
  const OfflineSearches found = search_to_recorded(model, reader, log, starts, config, seed, control);
  const FirstBlocks first{found.done.unsqueeze(1), found.planned,
                          neighbours_blocks(model, reader, log, starts, found, control),
                          last_blocks(reader, starts).unsqueeze(1), log.known()};
  OfflineOutcomes out{.rank_drawn = found.rank_drawn, .rank_recorded = found.rank_recorded};
  out.blocks = first.distances();
  if (const int64_t block = model.action_spec().block; block > 1) out.block_means = first.means(block).distances();
  std::vector<Tensor> retrieved, unchanged;
  out.chance = at::empty({starts.horizon}, at::kDouble);
  for (int64_t h = 1; h <= starts.horizon; ++h) {
    const Tensor ends = found.ends.select(1, h - 1);
    retrieved.push_back(finds_own_end(found.imagined.select(1, h - 1), ends, starts, reader.rows, h));
    unchanged.push_back(finds_own_end(found.present, ends, starts, reader.rows, h));
    out.chance[h - 1] = chance_to_find(starts, reader.rows, h);
  }
  out.retrieved = at::stack(retrieved, 1), out.unchanged = at::stack(unchanged, 1);
  return out;
}

}  // namespace foresee
