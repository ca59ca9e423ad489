#include "foresee/plan/plan_scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

/// @param values  sorted.
Spread spread_of(const std::vector<double>& values) {
  const auto at = [&](double share) {
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {at(0.05), at(0.5), at(0.95)};
}

std::vector<double> sorted(const Tensor& values) {
  const Tensor plain = std::get<0>(values.to(at::kCPU, at::kDouble).flatten().sort()).contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

/// How far each row is from the nearest of `others`, of another episode where both have one.
Tensor nearest(const Tensor& rows, const Tensor& others, const Tensor& same = {}) {
  Tensor distance = at::cdist(rows, others);
  if (same.defined()) distance = distance.masked_fill(same, std::numeric_limits<double>::infinity());
  return std::get<0>(distance.min(1));
}

}  // namespace

PlanScale plan_scale(const RecordedSequences& found, double cost, const PlanEnds& ends) {
  PlanScale scale{.sequences = found.recorded.size(0)};
  const std::vector<double> recorded = sorted(found.recorded);
  scale.recorded = spread_of(recorded);
  scale.nothing = spread_of(sorted(found.nothing));
  const auto below = std::lower_bound(recorded.begin(), recorded.end(), cost) - recorded.begin();
  scale.share_below_plan = static_cast<double>(below) / static_cast<double>(recorded.size());
  const Tensor same = found.episodes.unsqueeze(0) == found.episodes.unsqueeze(1);
  std::vector<double> distances = sorted(nearest(found.goals, found.goals, same));
  std::erase_if(distances, [](double distance) { return !std::isfinite(distance); });
  const Tensor own = nearest(at::stack({ends.goal, ends.present}).to(at::kCPU, at::kFloat), found.goals);
  scale.goal_distance = own[0].item<double>();
  scale.present_distance = own[1].item<double>();
  if (distances.empty()) return scale;  // of a single episode nothing can be said
  scale.distances = spread_of(distances);
  const double most = distances[static_cast<size_t>(0.99 * static_cast<double>(distances.size() - 1))];
  scale.goal_is_strange = scale.goal_distance > most;
  scale.present_is_strange = scale.present_distance > most;
  return scale;
}

PlanScale plan_scale(const WorldModel& model, const std::vector<std::filesystem::path>& data, int64_t horizon,
                     Objective objective, double cost, const PlanEnds& ends) {
  const data::EpisodeDataset dataset = open_episodes_of(model.picture_spec(), data);
  const bool poses = model.state_spec().kind == StateSpec::Kind::kArmPose;
  if (!poses) data::require_actions_fit(model.action_spec(), dataset, "the model");
  const auto found = recorded_sequences(model, sequence_reader(model, dataset), data::Split::kAll, horizon, objective);
  if (!found) {
    const data::ClipShape shape{.frames = horizon + 1, .frameskip = model.action_spec().block, .columns = {}};
    fail<DataError>("no sequence to judge by: {}", dataset.why_few_clips(shape, data::Split::kAll));
  }
  return plan_scale(*found, cost, ends);
}

}  // namespace foresee
