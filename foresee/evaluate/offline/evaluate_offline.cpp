#include "foresee/evaluate/offline/evaluate_offline.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/episode/training_set/contents.h"
#include "data/episode/training_set/factors.h"
#include "data/episode/training_set/pace.h"
#include "foresee/evaluate/generalisation.h"
#include "foresee/evaluate/offline/figures.h"
#include "foresee/evaluate/offline/lewm_prediction.h"
#include "foresee/evaluate/results.h"
#include "foresee/settings/device.h"
#include "foresee/settings/settings_json.h"
#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/core/text/factor_spec.h"
#include "jepa/model/family/family.h"

namespace foresee {
namespace {

constexpr int64_t kJudgedEpisodes = 50;

/// Refuses members that the protocol does not use.
void check_offline(const EvaluateRequest& request) {
  if (request.model.empty()) throw RequestError("model", "eval: protocol offline needs a model");
  if (request.data.empty()) throw RequestError("data", "eval: protocol offline needs recorded episodes");
  if (request.episodes && *request.episodes < 1)
    throw RequestError("episodes", fmt::format("eval: expected 1 or more episodes, got {}", *request.episodes));
  refuse_unused(request, "offline", {"data", "allow_overlap", "episodes", "settings"});
}

OfflineConfig config_of(const EvaluateRequest& request) {
  const auto config = parse_config<OfflineConfig>(settings_json(nlohmann::json::object(), request.options.settings),
                                                  settings_place(request.options.settings, "eval, protocol offline"));
  if (config.elites > config.samples)
    fail<ConfigError>("eval: expected elites <= samples, got {} > {}", config.elites, config.samples);
  return config;
}

/// Opens the episodes with the split of the model's training, where the data have it.
data::EpisodeDataset open_log(const EvaluateRequest& request, const WorldModel& model,
                              const nlohmann::json& training_set) {
  data::EpisodeDataset dataset = open_episodes_of(model.preprocess(), request.data);
  for (const auto& factor : data::held_out_factors(training_set))
    if (dataset.has(factor_column(parse_factor_spec(factor, "training_set.json").key))) dataset.hold_out({factor});
  data::require_pace(training_set, dataset, request.model.string());
  if (model.state_spec().kind == StateSpec::Kind::kArmPose) return dataset;  // actions are changes of the poses
  if (dataset.action_size() == 0)
    fail<DataError>("eval: the episodes have no column 'action': without actions nothing can be said of plans");
  data::require_actions_fit(model.action_spec(), dataset, request.model.string());
  return dataset;
}

/// Episodes that may be judged on: held-out ones, and those that the model is known not to have seen; where there are
/// none, all.
std::vector<int64_t> unseen_episodes(const data::EpisodeDataset& dataset, const nlohmann::json& training_set,
                                     OfflineEvaluation& result) {
  const data::TrainedEpisodes trained(training_set);
  const std::vector<int64_t> known = trained.found_in(dataset);
  const auto seen = [&](int64_t e) { return std::binary_search(known.begin(), known.end(), e); };
  std::vector<int64_t> out = dataset.episodes_of(data::Split::kHeldOut);
  if (trained.known())
    for (const int64_t e : dataset.episodes_of(data::Split::kTrain))
      if (!seen(e)) out.push_back(e);
  if (out.empty()) {
    out = dataset.episodes_of(data::Split::kAll);
    if (!trained.known()) result.plans.remarks.emplace_back("no episode is held out: all are judged on");
  }
  std::sort(out.begin(), out.end());
  result.overlap = {trained.known(), static_cast<int64_t>(out.size()), std::count_if(out.begin(), out.end(), seen)};
  return out;
}

/// The judged episodes and as many others: what candidates and neighbours come from.
std::vector<int64_t> with_others(const data::EpisodeDataset& dataset, const std::vector<int64_t>& judged,
                                 uint64_t seed) {
  std::vector<int64_t> others;
  for (int64_t e = 0; e < dataset.episodes(); ++e)
    if (!std::binary_search(judged.begin(), judged.end(), e)) others.push_back(e);
  std::vector<int64_t> out =
      drawn_episodes(std::move(others), std::max<int64_t>(kJudgedEpisodes, std::ssize(judged)), seed);
  out.insert(out.end(), judged.begin(), judged.end());
  std::sort(out.begin(), out.end());
  return out;
}

void add_plans(OfflineEvaluation& result, const WorldModel& model, const SequenceReader& reader,
               const std::vector<int64_t>& unseen, const EvaluateRequest& request, const OfflineConfig& config,
               const JobControl& control) {
  const uint64_t seed = request.options.seed;
  const auto judged = drawn_episodes(unseen, std::min(request.episodes.value_or(kJudgedEpisodes), config.starts), seed);
  const OfflineStarts starts = draw_starts(reader, judged, model.history(), config.horizon, config.starts, seed);
  const RecordedLog log = recorded_log(reader, with_others(*reader.dataset, judged, seed));
  std::vector<std::string> before = std::move(result.plans.remarks);
  result.plans = summed_up(offline_outcomes(model, reader, log, starts, config, seed, control), starts, seed);
  result.plans.search = {config.samples, config.iterations, config.elites, config.init_std};
  for (auto& remark : offline_remarks(result.plans, config.horizon)) before.push_back(std::move(remark));
  result.plans.remarks = std::move(before);
}

OfflineEvaluation evaluated_offline(const EvaluateRequest& request, const JobControl& control) {
  const OfflineConfig config = config_of(request);
  const auto model =
      load_world_model(request.model, {.device = job_device(request.options.device), .read = request.read});
  const nlohmann::json training_set = training_set_of(request.model);
  const data::EpisodeDataset dataset = open_log(request, *model, training_set);
  stop_where_asked(control);
  OfflineEvaluation result;
  const std::vector<int64_t> unseen = unseen_episodes(dataset, training_set, result);
  if (result.overlap.trained > 0 && !request.allow_overlap)
    throw RequestError("allow_overlap",
                       fmt::format("eval: the model was trained on {} of the {} episodes that are judged on: other "
                                   "data, or allow the overlap, which every output will say",
                                   result.overlap.trained, result.overlap.episodes));
  result.held_out_episodes = std::ssize(dataset.episodes_of(data::Split::kHeldOut));
  result.episodes = dataset.episodes();
  add_lewm_prediction(result, *model, dataset, request.options.seed, control);
  const SequenceReader reader = sequence_reader(*model, dataset, model->history(), data::rows_per_step(training_set));
  add_plans(result, *model, reader, unseen, request, config, control);
  return result;
}

}  // namespace

EvaluateResult evaluate_offline(const EvaluateRequest& request, const JobControl& control) {
  check_offline(request);
  const std::vector<std::string> data(request.data.begin(), request.data.end());
  return evaluated_once(
      request, [&] { return EvaluateResult{.offline = evaluated_offline(request, control)}; },
      [&](const auto&, nlohmann::ordered_json& results) {
        results["config"] = {{"data", data}, {"seed", request.options.seed}};
      });
}

}  // namespace foresee
