#include "tools/cli/offline_eval.h"

#include "foresee/train/lewm_data.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/model/lewm/folder.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/train/lewm/evaluation.h"

namespace foresee::tools {

int eval_offline(const std::filesystem::path& model, const std::vector<std::string>& data,
                 const CommonOptions& common) {
  if (model.empty()) fail("eval: --model DIR is missing");
  if (data.empty()) fail("eval: protocol offline needs recorded episodes: --data FILE...");
  const ModelFolder folder = load_lewm_folder(model);
  if (!folder.actions)
    fail<CheckpointError>("{}: no actions.json: how actions are normalised is not known", model.string());
  const data::EpisodeDataset dataset(std::vector<std::filesystem::path>(data.begin(), data.end()));
  data::require_actions_fit(*folder.actions, dataset, model.string());

  LewmRecipe recipe;
  Lewm lewm = lewm_from(folder, model.string(), at::Device(resolve_device(common)));
  recipe.model = lewm->config;
  recipe.frameskip = folder.actions->block;
  const LewmHeldOut held_out = lewm_held_out(dataset, recipe, *folder.actions);
  if (!held_out.frames.defined()) fail<DataError>("no held-out episode has {} steps", held_out_shape(recipe).span());
  const Metrics metrics = evaluate_lewm(lewm, folder.preprocess, held_out, recipe.train.loss, common.seed);
  const auto episodes = static_cast<int64_t>(dataset.episodes_of(data::Split::kHeldOut).size());
  if (common.json) {
    nlohmann::ordered_json object{
        {"protocol", "offline"}, {"model", model.string()}, {"data", data}, {"held_out_episodes", episodes}};
    for (const auto& [name, value] : metrics) object[name] = value;
    print_json(object);
  } else {
    fmt::print("{}, protocol offline: {} held-out episodes of {}\n", model.string(), episodes, dataset.episodes());
    for (const auto& [name, value] : metrics) fmt::print("  {:<40} {:>10.4g}\n", name, value);
  }
  if (const auto warning = collapse_warning(metrics, recipe.model.embedding)) log_warning("{}", *warning);
  return 0;
}

}  // namespace foresee::tools
