#include "foresee/evaluate/offline/recorded_log.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr double kStill = 1e-6;  // deviation of a number that never changes

Tensor finite_rows(const Tensor& rows) { return rows.isfinite().flatten(1).all(1); }

}  // namespace

int64_t RecordedLog::place(int64_t episode) const {
  const auto found = std::lower_bound(episodes.begin(), episodes.end(), episode);
  return found != episodes.end() && *found == episode ? found - episodes.begin() : -1;
}

BlockRun recorded_blocks(const SequenceReader& reader, int64_t episode, int64_t first, int64_t count) {
  const data::EpisodeDataset& dataset = *reader.dataset;
  data::ClipBatch batch;
  BlockRun out{.finite = at::ones({count}, at::kBool)};
  if (dataset.has("action")) {
    const Tensor rows = dataset.column(episode, "action", first, count * reader.rows).to(at::kFloat);
    batch.actions = rows.reshape({1, count, reader.rows, -1});
    out.finite = finite_rows(batch.actions.squeeze(0));
  }
  for (const auto& name : reader.columns) {
    const Tensor rows = dataset.column(episode, name, first, count * reader.rows + 1).slice(0, 0, {}, reader.rows);
    batch.columns[name] = rows.flatten(1).unsqueeze(0);  // [1, count + 1, S]
    const Tensor fine = finite_rows(rows);
    out.finite = out.finite & fine.slice(0, 0, count) & fine.slice(0, 1);
  }
  out.blocks = reader.blocks(batch).squeeze(0).to(at::kCPU, at::kFloat);
  return out;
}

RecordedLog recorded_log(const SequenceReader& reader, const std::vector<int64_t>& episodes) {
  RecordedLog out;
  std::vector<Tensor> blocks, usable;
  out.first.push_back(0);
  for (const int64_t episode : episodes) {
    const int64_t rows = reader.dataset->length(episode) / reader.rows;
    if (rows < 2) continue;
    const BlockRun run = recorded_blocks(reader, episode, 0, rows - 1);
    blocks.push_back(at::constant_pad_nd(run.blocks, {0, 0, 0, 1}));
    usable.push_back(at::constant_pad_nd(run.finite, {0, 1}, 0));
    out.episodes.push_back(episode);
    out.first.push_back(out.first.back() + rows);
  }
  if (blocks.empty())
    fail<DataError>("eval: no episode has {} rows, which two action blocks of the model take", 2 * reader.rows);
  out.blocks = at::cat(blocks), out.usable = at::cat(usable);
  if (!out.usable.any().item<bool>()) fail<DataError>("eval: no action block of the episodes is of finite numbers");
  return out;
}

std::vector<int64_t> sequence_rows(const RecordedLog& log, int64_t horizon) {
  const Tensor usable = log.usable.contiguous();
  const bool* const fine = usable.const_data_ptr<bool>();
  std::vector<int64_t> out;
  int64_t run = 0;  // usable blocks up to this one: an episode's last row has none
  for (int64_t row = 0; row < usable.numel(); ++row) {
    run = fine[row] ? run + 1 : 0;
    if (run >= horizon) out.push_back(row - horizon + 1);
  }
  return out;
}

Tensor action_distance(const Tensor& a, const Tensor& b, const Tensor& deviation) {
  const Tensor moves = deviation > kStill;
  const Tensor difference = ((a - b) / deviation.clamp_min(kStill)).to(at::kDouble);
  return (difference.square() * moves).sum(-1).div(moves.sum()).sqrt();  // 0 / 0 where nothing moves
}

}  // namespace foresee
