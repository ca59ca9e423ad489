#include "jepa/model/world_model.h"

#include "jepa/core/error.h"
#include "jepa/model/lewm_world_model.h"

namespace foresee {

std::unique_ptr<WorldModel> load_world_model(const std::filesystem::path& folder) {
  const ModelFolder model = load_model_folder(folder);
  if (model.family == "lewm") return LewmWorldModel::from(model, folder.string());
  fail<CheckpointError>("{}: a model of family '{}' plans no actions; families that do: lewm", folder.string(),
                        model.family);
}

}  // namespace foresee
