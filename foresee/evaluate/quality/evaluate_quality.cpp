#include "foresee/evaluate/quality/evaluate_quality.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "foresee/evaluate/generalisation.h"
#include "foresee/evaluate/quality/flags.h"
#include "foresee/evaluate/quality/measures.h"
#include "foresee/evaluate/quality/plans.h"
#include "foresee/evaluate/quality/viscore.h"
#include "foresee/evaluate/results.h"
#include "foresee/settings/device.h"
#include "foresee/settings/settings_json.h"
#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/loss/collapse.h"
#include "jepa/model/family/family.h"

namespace foresee {
namespace {

constexpr int64_t kUsualEpisodes = 300;
constexpr int64_t kStride = 3;        // rows between clips (Note [VIScore])
constexpr int64_t kFewestClips = 30;  // of a kind, to be judged by it
constexpr int64_t kDriftClips = 8;
constexpr uint64_t kEpisodes = 9;  // draws

/// Refuses members that the protocol does not use.
void check_quality(const EvaluateRequest& request) {
  if (request.model.empty()) throw RequestError("model", "eval: protocol quality needs a world model");
  if (request.data.empty()) throw RequestError("data", "eval: protocol quality needs recorded episodes");
  if (request.episodes && *request.episodes < 1)
    throw RequestError("episodes", fmt::format("eval: expected 1 or more episodes, got {}", *request.episodes));
  refuse_unused(request, "quality", {"data", "env", "episodes", "settings"});
}

std::vector<int64_t> chosen_episodes(const data::EpisodeDataset& dataset, int64_t most, uint64_t seed) {
  const auto order = Random(seed, Stream::kBaseline, kEpisodes).permutation(dataset.episodes());
  std::vector<int64_t> out(order.begin(), order.begin() + std::min(most, dataset.episodes()));
  std::sort(out.begin(), out.end());
  return out;
}

/// Which clips of a loop are of held-out episodes, or of training.
Tensor of_split(const SeenEpisodes& seen, const OpenLoop& loop, bool held_out) {
  return seen.held_out.index_select(0, loop.present).eq(held_out).nonzero().squeeze(1);
}

double step_error(const SeenEpisodes& seen, const OpenLoop& loop, const Tensor& rows, double variance) {
  if (rows.size(0) < kFewestClips) return kUnknown;
  return normalised_error(loop.predicted.index_select(0, rows).select(1, 0),
                          seen.latents.index_select(0, loop.present.index_select(0, rows) + 1), variance);
}

/// One evaluation, part after part.
struct Judge {
  const WorldModel& model;
  const QualityConfig& config;
  const SeenEpisodes& seen;
  const SequenceReader& reader;
  uint64_t seed;
  const JobControl& control;
  QualityEvaluation& out;

  double variance = 0;
  QualitySigns signs{};

  Tensor rows(int64_t horizon, int64_t stride, int64_t most) const {
    return clip_rows(seen, model.history(), horizon, stride, most, seed);
  }

  void latents() {
    variance = std::max(total_variance(seen.latents), 1e-12);
    signs.width = seen.latents.size(1);
    signs.effective_rank = effective_rank(seen.latents);
    out.numbers.emplace_back("effective_rank", signs.effective_rank);
    out.numbers.emplace_back("mean_std", mean_std(seen.latents));
    signs.between_rows = variance / std::max(seen.latents.square().sum(1).mean().item<double>(), 1e-24);
    out.numbers.emplace_back("between_rows", signs.between_rows);
  }

  /// One block ahead with the truth before it.
  Tensor residuals() {
    const OpenLoop one = open_loop(model, reader, seen, rows(1, 1, config.windows), model.history(), 1, control);
    const Tensor truth = seen.latents.index_select(0, one.present + 1);
    signs.training_error = step_error(seen, one, of_split(seen, one, false), variance);
    signs.held_out_error = step_error(seen, one, of_split(seen, one, true), variance);
    const double error = normalised_error(one.predicted.select(1, 0), truth, variance);
    signs.error_over_nothing =
        error / std::max(normalised_error(seen.latents.index_select(0, one.present), truth, variance), 1e-12);
    out.numbers.emplace_back("one_step_error", error);
    out.numbers.emplace_back("one_step_error_training", signs.training_error);
    out.numbers.emplace_back("one_step_error_held_out", signs.held_out_error);
    out.numbers.emplace_back("one_step_error_over_nothing", signs.error_over_nothing);
    return one.predicted.select(1, 0) - truth;
  }

  /// @returns s of Note [VIScore]; nothing where no episode is long enough.
  std::optional<double> roll_outs() {
    int64_t longest = config.longest;
    Tensor from = rows(longest, kStride, config.clips);
    while (longest > config.horizon && from.size(0) < kFewestClips) from = rows(--longest, kStride, config.clips);
    if (from.size(0) < kFewestClips) return std::nullopt;
    const OpenLoop loop = open_loop(model, reader, seen, from, model.history(), longest, control);
    const Tensor held_out = of_split(seen, loop, true);
    const bool apart = held_out.size(0) >= kFewestClips;
    auto errors = rollout_errors(seen, loop, apart ? held_out : at::arange(from.size(0)), config);
    errors.emplace_back("held_out_clips", std::vector<double>{apart ? static_cast<double>(held_out.size(0)) : 0});
    out.groups.push_back({"rollout", errors});
    const double error = normalised_error(loop.predicted.select(1, config.horizon - 1),
                                          seen.latents.index_select(0, loop.present + config.horizon), variance);
    out.viscore.emplace_back("nmse", error);
    out.viscore.emplace_back("clips", static_cast<double>(from.size(0)));
    return rollout_deviation(error, variance);
  }

  void veracity_factor(const std::optional<double>& deviation) {
    const auto tolerance = latent_tolerance_of(seen, config, seed);
    if (deviation && tolerance) {
      out.viscore.emplace_back("latent_tolerance", *tolerance);
      out.veracity = veracity(*tolerance, *deviation);
      return;
    }
    if (!deviation)
      out.abstained.push_back("veracity: fewer than 30 clips are as long as a plan");
    else if (!seen.states.defined())
      out.abstained.push_back("veracity: the episodes have no state (setting state names its column)");
    else if (config.tolerance == 0)
      out.abstained.push_back("veracity: the task's tolerance is not known (setting tolerance)");
    else
      out.abstained.push_back("veracity: fewer than 30 pairs of rows lie a tolerance apart");
  }

  void plans(const std::optional<double>& deviation, const Tensor& errors) {
    const Tensor from = rows(config.horizon, /*stride=*/4, config.anchors);
    if (!deviation || from.size(0) < 4) {
      out.abstained.push_back("influence and sobriety: fewer than 30 clips, or 4 starts, are as long as a plan");
      signs.action_sensitivity = signs.calibration = kUnknown;
      return;
    }
    PlanDraws draws;
    draws.perturbed_starts = std::min(draws.perturbed_starts, config.anchors);
    const PlanOutcomes found = plan_outcomes(model, reader, seen, from, config.horizon, seed, control, draws);
    const double nats = empowerment(found.changes, errors, *deviation);
    out.influence = influence(nats);
    out.sobriety = 1 - found.preferred.mean().item<double>();
    out.viscore.emplace_back("empowerment_nats", nats);
    out.viscore.emplace_back("gap_resolution", found.elite_spread.median().item<double>() / 4);
    const Tensor moved = (seen.latents.index_select(0, from + config.horizon) - seen.latents.index_select(0, from));
    const double world = std::max(moved.square().sum(1).mean().sqrt().item<double>(), 1e-12);
    signs.action_sensitivity = found.swapped.square().mean().sqrt().item<double>() / world;
    out.numbers.emplace_back("action_rank", effective_rank(found.changes));
    out.numbers.emplace_back("action_sensitivity", signs.action_sensitivity);
    out.groups.push_back({"plans",
                          {{"cost_variation", {found.variation.median().item<double>()}},
                           {"cheaper_than_recorded", {found.cheaper.mean().item<double>()}}}});
    const auto calibration = cost_calibration(seen, from + config.horizon, config, seed);
    signs.calibration = calibration.empty() ? kUnknown : calibration.back().second.front();  // elite
    if (!calibration.empty()) out.groups.push_back({"calibration", calibration});
  }

  void drifts() {
    const Tensor from = rows(1, 1, kDriftClips);
    const bool tokens = pooled_of_tokens(from.slice(0, 0, 1));
    const int64_t steps = tokens ? std::min(config.drift_steps, 4 * config.horizon) : config.drift_steps;
    auto found = drift(model, reader, seen, from, steps, control);
    out.numbers.emplace_back("drift", found[1].second.back());
    out.groups.push_back({"drift_path", found});
  }

  /// Whether a roll-out has several tokens in each latent.
  bool pooled_of_tokens(const Tensor& row) const {
    const SeenSequences from = sequences_at(reader, seen, row, model.history(), 1);
    return from.goals.dim() > 2;
  }
};

std::vector<std::string> state_names(const std::string& env) {
  if (env == "push_t") return {"agent_x", "agent_y", "block_x", "block_y", "angle", "velocity_x", "velocity_y"};
  if (env == "two_room") return {"agent_x", "agent_y"};
  return {};
}

QualityEvaluation evaluated_quality(const EvaluateRequest& request, const JobControl& control) {
  const auto config = parse_config<QualityConfig>(settings_json(nlohmann::json::object(), request.options.settings),
                                                  settings_place(request.options.settings, "eval, protocol quality"));
  const auto model =
      load_world_model(request.model, {.device = job_device(request.options.device), .read = request.read});
  const data::EpisodeDataset dataset = open_episodes_of(model->preprocess(), request.data);
  if (dataset.action_size() == 0)
    fail<DataError>("eval: the episodes have no column 'action': without actions nothing can be said of plans");
  if (model->state_spec().kind != StateSpec::Kind::kArmPose)  // whose actions are changes of the recorded poses
    data::require_actions_fit(model->action_spec(), dataset, request.model.string());
  return quality_of(*model, dataset, data::TrainedEpisodes(training_set_of(request.model)), config,
                    request.env.value_or(""), request.episodes.value_or(kUsualEpisodes), request.options.seed, control);
}

}  // namespace

QualityEvaluation quality_of(const WorldModel& model, const data::EpisodeDataset& dataset,
                             const data::TrainedEpisodes& trained, QualityConfig config, const std::string& env,
                             int64_t most, uint64_t seed, const JobControl& control) {
  const at::NoGradGuard no_grad;
  QualityEvaluation out{.history = model.history(), .horizon = config.horizon};
  out.env = complete_task(config, env, dataset);
  const SeenEpisodes seen =
      see_episodes(model, dataset, chosen_episodes(dataset, most, seed), trained, config.state, control);
  out.episodes = static_cast<int64_t>(seen.in_dataset.size());
  for (size_t e = 0; e + 1 < seen.first.size(); ++e)
    out.held_out_episodes += seen.held_out[seen.first[e]].item<bool>() ? 1 : 0;
  out.overlap = {trained.known(), out.episodes, trained.known() ? out.episodes - out.held_out_episodes : 0};
  out.rows = seen.latents.size(0);
  const SequenceReader reader = sequence_reader(model, dataset, model.history());
  Judge judge{model, config, seen, reader, seed, control, out};
  if (judge.rows(1, 1, 2).size(0) < 2)
    fail<DataError>("eval: no episode has {} rows, which one prediction takes",
                    (model.history() + 1) * model.action_spec().block);
  judge.latents();
  const Tensor residuals = judge.residuals();
  const auto deviation = judge.roll_outs();
  judge.veracity_factor(deviation);
  judge.plans(deviation, residuals);
  if (out.veracity && out.influence && out.sobriety) out.score = *out.veracity * *out.influence * *out.sobriety;
  out.groups.push_back(
      {"probe_r", state_probes(seen, config.state == "state" ? state_names(out.env) : std::vector<std::string>())});
  out.numbers.emplace_back("revisit", revisit_consistency(seen, config, seed));
  judge.drifts();
  out.flags = quality_flags(judge.signs);
  return out;
}

EvaluateResult evaluate_quality(const EvaluateRequest& request, const JobControl& control) {
  check_quality(request);
  return evaluated_once(request, [&] { return EvaluateResult{.quality = evaluated_quality(request, control)}; });
}

}  // namespace foresee
