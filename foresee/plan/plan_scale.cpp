#include "foresee/plan/plan_scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "foresee/train/lewm_data.h"
#include "jepa/core/action/action_limits.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "planner/control/model_cost.h"

namespace foresee {
namespace {

constexpr int64_t kSequences = 64, kAtOnce = 8;

/// The column that holds the robot's states as the model takes them; empty: it takes none.
std::string state_column(const data::EpisodeDataset& dataset, const StateSpec& spec) {
  if (spec.size == 0) return {};
  for (const char* name : {"proprio", "state"})
    if (dataset.has(name) && dataset.column(0, name, 0, 1).numel() == spec.size) return name;
  fail<DataError>(
      "the model takes {} numbers of the robot's state, the episodes have no column 'proprio' or 'state' "
      "like that",
      spec.size);
}

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

/// What the model makes of recorded sequences.
struct RecordedSequences {
  Tensor recorded, nothing;  // double [n], costs
  Tensor goals;              // float [n, F]
  Tensor episodes;           // int64 [n]
};

class Recorder {
 public:
  Recorder(const WorldModel& model, const data::EpisodeDataset& dataset, int64_t horizon, Objective objective)
      : model_(model),
        dataset_(dataset),
        spec_(model.action_spec()),
        state_(model.state_spec()),
        column_(state_column(dataset, state_)),
        horizon_(horizon),
        objective_(objective) {}

  RecordedSequences run() const {
    data::ClipShape shape{.frames = horizon_ + 1, .frameskip = spec_.block, .columns = {}};
    if (!column_.empty()) shape.columns.push_back(column_);
    const auto all = dataset_.clips(shape, data::Split::kAll);
    if (all.empty()) fail<DataError>("no sequence to judge by: {}", dataset_.why_few_clips(shape, data::Split::kAll));
    const auto total = static_cast<int64_t>(all.size()), count = std::min(total, kSequences);
    std::vector<data::EpisodeClip> chosen;
    std::vector<int64_t> episodes;
    for (int64_t i = 0; i < count; ++i) {
      chosen.push_back(all[static_cast<size_t>(i * total / count)]);
      episodes.push_back(chosen.back().episode);
    }
    std::vector<Tensor> costs, goals;
    for (int64_t first = 0; first < count; first += kAtOnce) {
      const auto size = static_cast<size_t>(std::min(kAtOnce, count - first));
      const auto part = std::span(chosen).subspan(static_cast<size_t>(first), size);
      const auto [cost, goal] = judged(dataset_.read(shape, part));
      costs.push_back(cost);
      goals.push_back(goal);
    }
    const Tensor both = at::cat(costs);
    return {both.select(1, 0), both.select(1, 1), at::cat(goals), torch::tensor(episodes, at::kLong)};
  }

 private:
  /// @returns costs double [B, 2] of what was done and of nothing, encodings of the goals float [B, F].
  std::pair<Tensor, Tensor> judged(const data::ClipBatch& batch) const {
    const at::NoGradGuard no_grad;
    const int64_t count = batch.frames.size(0);
    const Tensor states = column_.empty() ? Tensor() : batch.columns.at(column_).flatten(2);  // [B, T, S]
    Observation seen;
    seen.frames = batch.frames.slice(1, 0, 1);
    if (states.defined()) seen.state = states.slice(1, 0, 1);
    Goal goal(batch.frames.select(1, -1).contiguous());
    if (state_.of_goal) goal.state = states.select(1, -1);
    const planner::ModelCost here = planner::model_cost(model_, seen, goal, objective_);
    const Tensor done = spec_.normalise(actions_of(batch, states)).nan_to_num(0.0).to(at::kFloat);
    const Tensor still = within_limits(spec_, at::zeros({spec_.block, spec_.size}, at::kFloat)).flatten();
    const Tensor nothing = spec_.normalise(still).expand({count, horizon_, -1});
    const Tensor plans = at::stack({done, nothing}, 1).to(here.device);
    return {here.cost(plans, at::arange(count, at::kLong)).to(at::kCPU, at::kDouble),
            model_.encode_goal(goal).flatten(1).to(at::kCPU, at::kFloat)};
  }

  /// What was done. @returns float [B, H, block * A], the environment's units.
  Tensor actions_of(const data::ClipBatch& batch, const Tensor& states) const {
    if (state_.kind == StateSpec::Kind::kArmPose) return poses_to_diffs(states.to(at::kDouble)).to(at::kFloat);
    return batch.actions.slice(1, 0, horizon_).flatten(2).to(at::kFloat);
  }

  const WorldModel& model_;
  const data::EpisodeDataset& dataset_;
  ActionSpec spec_;
  StateSpec state_;
  std::string column_;
  int64_t horizon_;
  Objective objective_;
};

/// How far each row is from the nearest of `others`, of another episode where both have one.
Tensor nearest(const Tensor& rows, const Tensor& others, const Tensor& same = {}) {
  Tensor distance = at::cdist(rows, others);
  if (same.defined()) distance = distance.masked_fill(same, std::numeric_limits<double>::infinity());
  return std::get<0>(distance.min(1));
}

}  // namespace

PlanScale plan_scale(const WorldModel& model, const std::vector<std::filesystem::path>& data, int64_t horizon,
                     Objective objective, double cost, const PlanEnds& ends) {
  const data::EpisodeDataset dataset = open_episodes_of(model.picture_spec(), data);
  const bool poses = model.state_spec().kind == StateSpec::Kind::kArmPose;
  if (!poses) data::require_actions_fit(model.action_spec(), dataset, "the model");
  const RecordedSequences found = Recorder(model, dataset, horizon, objective).run();

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

}  // namespace foresee
