#include "jepa/train/heads/step.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

constexpr int64_t kIdentical = 16;  // of so many distance pairs one is a row and itself

}  // namespace

HindsightSampler::HindsightSampler(const std::vector<int64_t>& lengths, int64_t block) : block_(block) {
  int64_t offset = 0;
  for (const int64_t length : lengths) {
    for (int64_t row = 0; row + block < length; ++row) {
      rows_.push_back(offset + row);
      left_.push_back((length - 1 - row) / block);
    }
    offset += length;
  }
  if (rows_.empty())
    fail<DataError>("none of {} episodes is longer than an action block of {} rows", lengths.size(), block);
}

HindsightPairs HindsightSampler::draw(const Random& draws, int64_t count) const {
  HindsightPairs pairs{at::empty({count}, at::kLong), at::empty({count}, at::kLong), at::empty({count}, at::kLong)};
  for (int64_t i = 0; i < count; ++i) {
    const auto at =
        static_cast<size_t>(draws.integer(static_cast<uint64_t>(2 * i), static_cast<int64_t>(rows_.size())));
    const int64_t blocks = 1 + draws.integer(static_cast<uint64_t>(2 * i + 1), left_[at]);
    pairs.rows.data_ptr<int64_t>()[i] = rows_[at];
    pairs.goals.data_ptr<int64_t>()[i] = rows_[at] + blocks * block_;
    pairs.blocks.data_ptr<int64_t>()[i] = blocks;
  }
  return pairs;
}

Tensor action_blocks(const LatentEpisodes& episodes, const Tensor& rows, int64_t block) {
  const Tensor index = rows.unsqueeze(1) + at::arange(block);  // pairs have a whole block left
  return episodes.actions.index_select(0, index.flatten()).view({rows.size(0), -1});
}

Tensor log_blocks(const Tensor& blocks) { return blocks.to(at::kFloat).log1p(); }

Tensor picture_error(const Lewm& model, const LatentEpisodes& episodes, const Tensor& rows) {
  const Tensor truth = episodes.pictures(rows).to(at::kFloat) / 255;
  return (model->decoder->forward(episodes.embeddings.index_select(0, rows)) - truth).square().mean();
}

LewmHeadsLosses heads_losses(const Lewm& model, const LatentEpisodes& episodes, const HindsightPairs& pairs,
                             int64_t block, int64_t pictures) {
  const int64_t count = pairs.rows.size(0);
  const Tensor now = episodes.embeddings.index_select(0, pairs.rows);
  const Tensor goal = episodes.embeddings.index_select(0, pairs.goals);
  LewmHeadsLosses losses{.total = at::zeros({})};
  if (model->inverse) {
    losses.inverse = (model->inverse->forward(now, goal) - action_blocks(episodes, pairs.rows, block)).square().mean();
    losses.total = losses.total + losses.inverse;
  }
  if (model->distance) {
    const int64_t same = count / kIdentical;
    const Tensor to = at::cat({now.slice(0, 0, same), goal.slice(0, same)});
    const Tensor truth = at::cat({at::zeros({same}), log_blocks(pairs.blocks.slice(0, same))});
    losses.distance = (model->distance->log_blocks(now, to) - truth).square().mean();
    losses.total = losses.total + losses.distance;
  }
  if (model->decoder) {
    losses.picture = picture_error(model, episodes, pairs.rows.slice(0, 0, std::min(pictures, count)));
    losses.total = losses.total + losses.picture;
  }
  return losses;
}

}  // namespace foresee
