#include "foresee/evaluate/offline.h"

#include <nlohmann/json.hpp>

#include "data/episode/training_set/contents.h"
#include "data/episode/training_set/factors.h"
#include "foresee/evaluate/closed_loop.h"
#include "foresee/evaluate/results.h"
#include "foresee/settings/device.h"
#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/text/factor_spec.h"
#include "jepa/core/torch.h"
#include "jepa/model/lewm/files/folder.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/train/lewm/evaluation.h"

namespace foresee {

namespace {

/// Refuses members that only a closed loop uses.
void check_offline(const EvaluateRequest& request) {
  if (request.model.empty()) throw RequestError("model", "eval: protocol offline needs a model");
  if (request.data.empty()) throw RequestError("data", "eval: protocol offline needs recorded episodes");
  refuse_unused(request, "offline", {"data", "allow_overlap"});
}

/// Of the held-out episodes, by what they hold.
EpisodeOverlap held_out_overlap(const data::EpisodeDataset& dataset, const nlohmann::json& training_set) {
  const data::TrainedEpisodes trained(training_set);
  EpisodeOverlap overlap{.known = trained.known()};
  for (const int64_t episode : dataset.episodes_of(data::Split::kHeldOut)) {
    ++overlap.episodes;
    if (overlap.known) overlap.trained += trained.hold(data::content_of(dataset, episode));
  }
  return overlap;
}

OfflineEvaluation evaluated_offline(const EvaluateRequest& request, const JobControl& control) {
  const ModelFolder folder = load_lewm_folder(request.model, request.read);
  if (!folder.actions)
    fail<CheckpointError>("{}: no actions.json: how actions are normalised is not known", request.model.string());
  data::EpisodeDataset dataset = open_episodes_of(folder.preprocess, request.data);
  for (const auto& factor :
       data::held_out_factors(folder.training_set))  // the training's split, where the data have it
    if (dataset.has(factor_column(parse_factor_spec(factor, "training_set.json").key))) dataset.hold_out({factor});
  stop_where_asked(control);
  OfflineEvaluation result;
  result.overlap = held_out_overlap(dataset, folder.training_set);
  if (result.overlap.trained > 0 && !request.allow_overlap)
    throw RequestError("allow_overlap",
                       fmt::format("eval: the model was trained on {} of the {} episodes that are judged on: other "
                                   "data, or allow the overlap, which every output will say",
                                   result.overlap.trained, result.overlap.episodes));
  data::require_actions_fit(*folder.actions, dataset, request.model.string());

  LewmRecipe recipe;
  Lewm lewm = lewm_from(folder, request.model.string(), job_device(request.options.device));
  recipe.model = lewm->config;
  recipe.frameskip = folder.actions->block;
  const LewmHeldOut held_out = lewm_held_out(dataset, recipe, *folder.actions);
  if (!held_out.frames.defined()) fail<DataError>("{}", why_none_held_out(dataset, recipe));
  stop_where_asked(control);
  result.metrics = evaluate_lewm(lewm, folder.preprocess, held_out, recipe.train.loss, request.options.seed, control);
  result.held_out_episodes = static_cast<int64_t>(dataset.episodes_of(data::Split::kHeldOut).size());
  result.episodes = dataset.episodes();
  result.warning = collapse_warning(result.metrics, recipe.model.embedding, held_out.frames.size(0));
  return result;
}

}  // namespace

nlohmann::ordered_json offline_json(const EvaluateRequest& request, const OfflineEvaluation& result) {
  std::vector<std::string> data;
  for (const auto& path : request.data) data.push_back(path.string());
  nlohmann::ordered_json out{{"protocol", "offline"},
                             {"model", request.model.string()},
                             {"data", data},
                             {"held_out_episodes", result.held_out_episodes},
                             {"overlap", overlap_json(result.overlap)}};
  for (const auto& [name, value] : result.metrics) out[name] = value;
  return out;
}

EvaluateResult evaluate_offline(const EvaluateRequest& request, const JobControl& control) {
  check_offline(request);
  const std::vector<std::string> data(request.data.begin(), request.data.end());
  return evaluated_once(request, [&] { return EvaluateResult{.offline = evaluated_offline(request, control)}; },
                        {{"config", {{"data", data}, {"seed", request.options.seed}}}});
}

}  // namespace foresee
