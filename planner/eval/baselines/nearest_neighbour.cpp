#include "planner/eval/baselines/nearest_neighbour.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <deque>
#include <limits>

namespace foresee::planner {
namespace {

/// Squared distances of a picture to every row. @param picture  uint8 [3, H, W]. @returns double [N].
Tensor distances_to(const PictureBank& bank, const Tensor& picture) {
  constexpr int64_t kRows = 1024;  // at a time, as floats
  const Tensor wanted = small_pictures(picture.unsqueeze(0)).to(at::kFloat);
  std::vector<Tensor> parts;
  for (const Tensor& rows : bank.pictures.split(kRows))
    parts.push_back((rows.to(at::kFloat) - wanted).square_().flatten(1).sum(1, /*keepdim=*/false, at::kDouble));
  return at::cat(parts);
}

class NearestNeighbour final : public Method {
 public:
  NearestNeighbour(const Envs& envs, std::shared_ptr<const PictureBank> bank, int64_t budget,
                   std::vector<std::optional<uint64_t>> own)
      : envs_(envs), bank_(std::move(bank)), budget_(budget), own_(std::move(own)), known_(envs.size()) {
    for (const auto& env : envs) goals_.push_back(distances_to(*bank_, env->render_goal(kRenderedSize)));
  }

  std::vector<Decision> act(std::span<const int64_t> active) override {
    std::vector<Decision> decisions;
    for (const int64_t index : active) decisions.push_back({next(static_cast<size_t>(index)), std::nullopt});
    ++step_;
    return decisions;
  }

 private:
  std::vector<double> next(size_t i) {
    auto& known = known_[i];
    if (known.empty()) look(i);
    if (known.empty()) return envs_[i]->rest();
    std::vector<double> action = std::move(known.front());
    known.pop_front();
    return action;
  }

  void look(size_t i) {
    const Tensor now = distances_to(*bank_, envs_[i]->render(kRenderedSize));
    const auto way = nearest_way(*bank_, now, goals_[i], std::max<int64_t>(1, budget_ - step_), own_[i]);
    if (!way) return;
    const Tensor actions = bank_->actions.slice(0, way->first, way->last).to(at::kDouble).contiguous();
    const double* from = actions.const_data_ptr<double>();
    for (int64_t row = 0; row < actions.size(0); ++row, from += actions.size(1))
      known_[i].emplace_back(from, from + actions.size(1));
  }

  const Envs& envs_;
  std::shared_ptr<const PictureBank> bank_;
  int64_t budget_, step_ = 0;
  std::vector<std::optional<uint64_t>> own_;            // the episode of each start
  std::vector<Tensor> goals_;                           // distances of every row to each goal
  std::vector<std::deque<std::vector<double>>> known_;  // actions still to be replayed
};

}  // namespace

std::optional<RecordedWay> nearest_way(const PictureBank& bank, const Tensor& now, const Tensor& goal, int64_t longest,
                                       std::optional<uint64_t> without) {
  const Tensor acts = bank.acts();
  const bool* const usable = acts.const_data_ptr<bool>();
  const double *const here = now.const_data_ptr<double>(), *const there = goal.const_data_ptr<double>();
  std::optional<RecordedWay> best;
  double least = std::numeric_limits<double>::infinity();
  for (const auto& episode : bank.episodes) {
    if (without && episode.id == *without) continue;
    std::deque<int64_t> nearest;  // rows that may be first, their distances ascending
    const int64_t end = episode.first + episode.rows;
    for (int64_t last = episode.first + 1; last < end; ++last) {
      const int64_t before = last - 1;
      if (!usable[before]) {
        nearest.clear();
        continue;
      }
      while (!nearest.empty() && here[nearest.back()] > here[before]) nearest.pop_back();
      nearest.push_back(before);
      while (nearest.front() < last - longest) nearest.pop_front();
      const double sum = here[nearest.front()] + there[last];
      if (sum < least) {
        least = sum;
        best = RecordedWay{nearest.front(), last};
      }
    }
  }
  return best;
}

MethodFactory nearest_neighbour_method(std::shared_ptr<const PictureBank> bank, int64_t budget,
                                       std::span<const Start> recorded) {
  return [=](const Envs& envs, int64_t first) {
    std::vector<std::optional<uint64_t>> own(envs.size());
    for (size_t i = 0; i < envs.size(); ++i)
      if (const size_t start = static_cast<size_t>(first) + i; start < recorded.size() && recorded[start].episode)
        own[i] = static_cast<uint64_t>(*recorded[start].episode);
    return std::make_unique<NearestNeighbour>(envs, bank, budget, std::move(own));
  };
}

}  // namespace foresee::planner
