#include "jepa/model/world_model.h"

#include <algorithm>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/model/lewm/world_model.h"
#include "jepa/model/vjepa2_ac/world_model.h"

namespace foresee {

Objective objective_of(const WorldModel& model, const std::string& name) {
  const auto known = model.objectives();
  std::vector<std::string> names;
  for (const auto& [objective, text] : kObjectiveNames) {
    const bool there = std::find(known.begin(), known.end(), objective) != known.end();
    if (there && text == name) return objective;
    if (there) names.emplace_back(text);
    if (!there && text == name && objective == Objective::kDistance)
      fail<ConfigError>(
          "the model has no distance head: fit one with `foresee train --family lewm_heads`, or plan by objective "
          "latent");
  }
  fail<ConfigError>("this model cannot plan by the objective '{}'{}", name, suggestion(name, names));
}

Tensor WorldModel::propose(const Context&, const Tensor&, int64_t) const {
  fail("this model proposes no plans: it has no inverse-dynamics head");
}

Tensor WorldModel::states(const Context&, const Tensor&) const { return {}; }

std::unique_ptr<WorldModel> load_world_model(const std::filesystem::path& folder, at::Device device) {
  const auto action_conditioned = [&](LoadedVjepa2Ac loaded) {
    loaded.model.encoder->to(device);
    loaded.model.predictor->to(device);
    return std::make_unique<Vjepa2AcWorldModel>(std::move(loaded.model), loaded.actions, loaded.preprocess);
  };
  if (std::filesystem::is_regular_file(folder)) return action_conditioned(load_vjepa2_ac(folder));
  const ModelFolder model = load_model_folder(folder);
  if (model.family == "lewm") return LewmWorldModel::from(model, folder.string(), device);
  if (model.family == "vjepa2_ac") return action_conditioned(load_vjepa2_ac(model, folder.string()));
  fail<CheckpointError>("{}: a model of family '{}' plans no actions; families that do: lewm, vjepa2_ac",
                        folder.string(), model.family);
}

}  // namespace foresee
