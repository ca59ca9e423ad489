#include "foresee/evaluate/offline.h"

#include "foresee/settings/device.h"
#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/lewm/folder.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/train/lewm/evaluation.h"

namespace foresee {

OfflineEvaluation evaluate_offline(const EvaluateRequest& request) {
  if (request.model.empty()) throw RequestError("model", "eval: protocol offline needs a model");
  if (request.data.empty()) throw RequestError("data", "eval: protocol offline needs recorded episodes");
  const ModelFolder folder = load_lewm_folder(request.model);
  if (!folder.actions)
    fail<CheckpointError>("{}: no actions.json: how actions are normalised is not known", request.model.string());
  const data::EpisodeDataset dataset(request.data);
  data::require_actions_fit(*folder.actions, dataset, request.model.string());

  LewmRecipe recipe;
  Lewm lewm = lewm_from(folder, request.model.string(), job_device(request.options.device));
  recipe.model = lewm->config;
  recipe.frameskip = folder.actions->block;
  const LewmHeldOut held_out = lewm_held_out(dataset, recipe, *folder.actions);
  if (!held_out.frames.defined()) fail<DataError>("no held-out episode has {} steps", held_out_shape(recipe).span());
  OfflineEvaluation result;
  result.metrics = evaluate_lewm(lewm, folder.preprocess, held_out, recipe.train.loss, request.options.seed);
  result.held_out_episodes = static_cast<int64_t>(dataset.episodes_of(data::Split::kHeldOut).size());
  result.episodes = dataset.episodes();
  result.warning = collapse_warning(result.metrics, recipe.model.embedding);
  return result;
}

}  // namespace foresee
