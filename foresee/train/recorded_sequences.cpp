#include "foresee/train/recorded_sequences.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "jepa/core/action/action_limits.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/json.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "planner/control/model_cost.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSequences = 64, kAtOnce = 8;
constexpr int64_t kLongest = 8;  // blocks: plans of more are not judged by the file of training

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

  /// Nothing where no episode of the split is long enough.
  std::optional<RecordedSequences> run(data::Split split) const {
    data::ClipShape shape{.frames = horizon_ + 1, .frameskip = spec_.block, .columns = {}};
    if (!column_.empty()) shape.columns.push_back(column_);
    const auto all = dataset_.clips(shape, split);
    if (all.empty()) return std::nullopt;
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
    return RecordedSequences{both.select(1, 0), both.select(1, 1), at::cat(goals), torch::tensor(episodes, at::kLong)};
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

std::vector<double> rounded(const Tensor& values, double steps) {
  const Tensor plain = (values.flatten().to(at::kCPU, at::kDouble) * steps).round().div(steps).contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

bool is_finite(const RecordedSequences& found) {
  return at::isfinite(found.recorded).all().item<bool>() && at::isfinite(found.nothing).all().item<bool>() &&
         at::isfinite(found.goals).all().item<bool>();
}

Tensor numbers_of(const nlohmann::json& row) { return torch::tensor(row.get<std::vector<double>>(), at::kDouble); }

}  // namespace

std::optional<RecordedSequences> recorded_sequences(const WorldModel& model, const data::EpisodeDataset& dataset,
                                                    data::Split split, int64_t horizon, Objective objective) {
  return Recorder(model, dataset, horizon, objective).run(split);
}

void write_training_costs(const fs::path& folder, const WorldModel& model, const data::EpisodeDataset& dataset) {
  constexpr double kCostSteps = 1e6, kFeatureSteps = 1e4;  // digits that are kept: the file stays small
  nlohmann::ordered_json horizons = nlohmann::ordered_json::object();
  for (int64_t horizon = 1; horizon <= kLongest; ++horizon) {
    const auto found = recorded_sequences(model, dataset, data::Split::kTrain, horizon, Objective::kLatent);
    if (!found || !is_finite(*found)) break;
    nlohmann::ordered_json goals = nlohmann::ordered_json::array();
    if (horizon == 1)  // pictures of any horizon are pictures of the training
      for (int64_t i = 0; i < found->goals.size(0); ++i) goals.push_back(rounded(found->goals[i], kFeatureSteps));
    auto& entry = horizons[std::to_string(horizon)];
    entry["recorded"] = rounded(found->recorded, kCostSteps);
    entry["nothing"] = rounded(found->nothing, kCostSteps);
    entry["episodes"] = std::vector<int64_t>(found->episodes.const_data_ptr<int64_t>(),
                                             found->episodes.const_data_ptr<int64_t>() + found->episodes.numel());
    if (horizon == 1) entry["goals"] = std::move(goals);
  }
  if (!horizons.empty()) write_json(folder / kTrainingCostsFile, {{"objective", "latent"}, {"horizons", horizons}});
}

std::optional<RecordedSequences> read_training_costs(const fs::path& folder, int64_t horizon, Objective objective) {
  const fs::path file = folder / kTrainingCostsFile;
  if (objective != Objective::kLatent || !fs::exists(file)) return std::nullopt;
  try {
    const nlohmann::json horizons = read_json(file).at("horizons");
    const auto found = horizons.find(std::to_string(horizon));
    if (found == horizons.end()) return std::nullopt;
    const nlohmann::json& pictures = horizons.at("1");
    std::vector<Tensor> goals;
    for (const auto& row : pictures.at("goals")) goals.push_back(numbers_of(row).to(at::kFloat));
    const auto as_first = [&](const Tensor& goal) { return goal.numel() == goals.front().numel(); };
    if (goals.empty() || !std::all_of(goals.begin(), goals.end(), as_first))
      fail<CheckpointError>("{}: expected encodings of one size in 'goals'; remove it, or train anew", file.string());
    RecordedSequences out{numbers_of(found->at("recorded")), numbers_of(found->at("nothing")), at::stack(goals),
                          torch::tensor(JsonView(pictures, file.string()).integers("episodes"), at::kLong)};
    if (out.recorded.numel() == 0 || out.nothing.numel() == 0 || out.episodes.numel() != out.goals.size(0))
      fail<CheckpointError>("{}: its lists are of different lengths; remove it, or train anew", file.string());
    return out;
  } catch (const nlohmann::json::exception&) {
    fail<CheckpointError>("{}: not as training writes it; remove it, or train anew", file.string());
  }
}

}  // namespace foresee
