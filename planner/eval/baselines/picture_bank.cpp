#include "planner/eval/baselines/picture_bank.h"

#include <ATen/ATen.h>

#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/watch/progress.h"

namespace foresee::planner {
namespace {
constexpr int64_t kMostRows = 50'000;
}

Tensor PictureBank::acts() const { return actions.isfinite().all(1).contiguous(); }

Tensor small_pictures(const Tensor& frames) {
  return at::adaptive_avg_pool2d(frames.to(at::kFloat), {kBankSize, kBankSize}).round_().to(at::kByte);
}

PictureBank picture_bank(const data::EpisodeDataset& episodes, const std::string& origin, const JobControl& control) {
  PictureBank bank;
  std::vector<Tensor> pictures, actions;
  const auto training = episodes.episodes_of(data::Split::kTrain);
  int64_t rows = 0;
  Progress progress(control, "episodes of baselines", static_cast<int64_t>(training.size()), "episodes");
  for (const int64_t episode : training) {
    if (control.stopping()) fail<Interrupted>("eval: interrupted");
    const int64_t length = episodes.length(episode);
    if (rows + length > kMostRows) break;
    if (length < 2) continue;
    pictures.push_back(small_pictures(episodes.frames(episode, 0, length)));
    actions.push_back(episodes.column(episode, "action", 0, length).to(at::kFloat).reshape({length, -1}));
    bank.episodes.push_back({episodes.id(episode), rows, length});
    rows += length;
    progress.update(static_cast<int64_t>(bank.episodes.size()));
  }
  progress.finish();
  if (bank.episodes.empty())
    fail<DataError>("{}: no training episode of two rows or more, which nearest_neighbour and cloning need", origin);
  bank.pictures = at::cat(pictures);
  bank.actions = at::cat(actions);
  bank.origin = fmt::format("{} of {} training episodes of {}", bank.episodes.size(), training.size(), origin);
  return bank;
}

}  // namespace foresee::planner
