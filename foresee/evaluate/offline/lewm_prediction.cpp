#include "foresee/evaluate/offline/lewm_prediction.h"

#include "foresee/evaluate/results.h"
#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/train/lewm/evaluation.h"

namespace foresee {

void add_lewm_prediction(OfflineEvaluation& result, const WorldModel& model, const data::EpisodeDataset& dataset,
                         uint64_t seed, const JobControl& control) {
  const auto* known = dynamic_cast<const LewmWorldModel*>(&model);
  if (known == nullptr) return;
  Lewm lewm = known->model();
  LewmRecipe recipe;
  recipe.model = lewm->config;
  recipe.frameskip = model.action_spec().block;
  if (result.held_out_episodes == 0) {
    result.plans.remarks.push_back(why_none_held_out(dataset, recipe) + ": prediction and probes are left out");
    return;
  }
  const LewmHeldOut held_out = lewm_held_out(dataset, recipe, model.action_spec());
  if (!held_out.frames.defined()) fail<DataError>("{}", why_none_held_out(dataset, recipe));
  stop_where_asked(control);
  result.metrics = evaluate_lewm(lewm, model.preprocess(), held_out, recipe.train.loss, seed, control);
  result.warning = collapse_warning(result.metrics, recipe.model.embedding, held_out.frames.size(0));
}

}  // namespace foresee
