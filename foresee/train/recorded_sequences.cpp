#include "foresee/train/recorded_sequences.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "jepa/core/action/action_limits.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/json.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFewestSequences = 16, kAtOnce = 8;
constexpr double kEnough_s = 60;  // for all sequences of all lengths
constexpr int64_t kLongest = 8;   // blocks: plans of more are not judged by the file of training

/// Costs of sequences. @returns double [B, 2], of what was done and of nothing.
Tensor costs_of(const WorldModel& model, const SeenSequences& seen, Objective objective) {
  const at::NoGradGuard no_grad;
  const ActionSpec& spec = model.action_spec();
  const Tensor still = within_limits(spec, at::zeros({spec.block, spec.size}, at::kFloat)).flatten();
  const Tensor nothing = spec.normalise(still).expand_as(seen.actions);
  const Tensor plans = at::stack({seen.actions, nothing}, 1).to(seen.goals.device());
  return model.costs(*seen.context, seen.goals, plans, objective).to(at::kCPU, at::kDouble);
}

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

std::string state_column(const data::EpisodeDataset& dataset, const StateSpec& spec) {
  if (spec.size == 0) return {};
  for (const char* name : {"proprio", "state"})
    if (dataset.has(name) && dataset.column(0, name, 0, 1).numel() == spec.size) return name;
  fail<DataError>(
      "the model takes {} numbers of the robot's state, the episodes have no column 'proprio' or 'state' "
      "like that",
      spec.size);
}

SequenceReader sequence_reader(const WorldModel& model, const data::EpisodeDataset& dataset, int64_t history,
                               std::optional<int64_t> rows) {
  const StateSpec state = model.state_spec();
  if (state.extrinsics > 0)
    fail<DataError>(
        "a model that takes the camera's pose is judged by what its training kept: give no episodes with it");
  const std::string column = state_column(dataset, state);
  SequenceReader out{.dataset = &dataset, .rows = model.action_spec().block};
  if (rows && state.kind == StateSpec::Kind::kArmPose) out.rows = *rows;
  if (!column.empty()) out.columns.push_back(column);
  const auto done = [=](const data::ClipBatch& batch) {  // [B, T or T - 1, block * A], environment units
    if (state.kind != StateSpec::Kind::kArmPose) return batch.actions.flatten(2);
    return poses_to_diffs(batch.columns.at(column).flatten(2).to(at::kDouble));
  };
  out.blocks = [=, &model](const data::ClipBatch& batch) {
    return model.action_spec().normalise(done(batch).to(at::kFloat)).nan_to_num(0.0);
  };
  const data::ClipShape shape{.frameskip = out.rows, .columns = out.columns};
  out.read = [=, blocks = out.blocks, &model, &dataset](std::span<const data::EpisodeClip> clips, int64_t horizon) {
    const at::NoGradGuard no_grad;
    data::ClipShape wanted = shape;
    wanted.frames = horizon + history;
    const data::ClipBatch batch = dataset.read(wanted, clips);
    const Tensor states = column.empty() ? Tensor() : batch.columns.at(column).flatten(2);  // [B, T, S]
    Observation seen;
    seen.frames = batch.frames.slice(1, 0, history);
    if (states.defined()) seen.state = states.slice(1, 0, history);
    if (history > 1)
      seen.actions = done(batch).slice(1, 0, history - 1).reshape({batch.frames.size(0), -1, model.action_spec().size});
    Goal goal(batch.frames.select(1, -1).contiguous());
    if (state.of_goal) goal.state = states.select(1, -1);
    return SeenSequences{model.encode(seen), model.encode_goal(goal),
                         blocks(batch).slice(1, history - 1, history - 1 + horizon)};
  };
  return out;
}

Tensor picture_features(const Tensor& goals) {
  return (goals.dim() > 2 ? goals.mean(1) : goals).flatten(1).to(at::kCPU, at::kFloat);
}

std::optional<RecordedSequences> recorded_sequences(const WorldModel& model, const SequenceReader& reader,
                                                    data::Split split, int64_t horizon, Objective objective,
                                                    int64_t most, const JobControl& control) {
  const data::ClipShape shape{.frames = horizon + 1, .frameskip = reader.rows, .columns = reader.columns};
  const auto all = reader.dataset->clips(shape, split);
  const auto total = static_cast<int64_t>(all.size()), wanted = std::min(total, most);
  std::vector<data::EpisodeClip> chosen;
  for (int64_t i = 0; i < wanted; ++i) chosen.push_back(all[static_cast<size_t>(i * total / wanted)]);
  chosen = reader.dataset->readable(shape, std::move(chosen));
  if (chosen.empty()) return std::nullopt;
  const auto count = static_cast<int64_t>(chosen.size());
  std::vector<int64_t> episodes;
  for (const auto& clip : chosen) episodes.push_back(clip.episode);
  std::vector<Tensor> costs, goals;
  for (int64_t first = 0; first < count; first += kAtOnce) {
    if (control.stopping()) return std::nullopt;
    const auto size = static_cast<size_t>(std::min(kAtOnce, count - first));
    const SeenSequences seen = reader.read(std::span(chosen).subspan(static_cast<size_t>(first), size), horizon);
    costs.push_back(costs_of(model, seen, objective));
    goals.push_back(picture_features(seen.goals));
  }
  const Tensor both = at::cat(costs);
  return RecordedSequences{both.select(1, 0), both.select(1, 1), at::cat(goals), torch::tensor(episodes, at::kLong)};
}

void write_training_costs(const fs::path& folder, const WorldModel& model, const SequenceReader& reader,
                          const JobControl& control) {
  constexpr double kCostSteps = 1e6, kFeatureSteps = 1e4;  // digits that are kept: the file stays small
  nlohmann::ordered_json horizons = nlohmann::ordered_json::object();
  const auto begin = std::chrono::steady_clock::now();
  int64_t most = kMostSequences;
  for (int64_t horizon = 1; horizon <= kLongest && !control.stopping(); ++horizon) {
    const double took_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (horizon == 2 && took_s * kLongest * (kLongest + 1) / 2 > kEnough_s) most = kFewestSequences;
    if (took_s > kEnough_s) {
      log_info("plans of {} and more blocks are not judged by the training: that would take longer", horizon);
      break;
    }
    const auto found =
        recorded_sequences(model, reader, data::Split::kTrain, horizon, Objective::kLatent, most, control);
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
