#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/io/pt_write.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/family/rows.h"
#include "jepa/model/lewm/files/folder.h"
#include "jepa/model/lewm/world_model.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

std::vector<std::shared_ptr<torch::nn::Module>> lewm_networks(const ModelSource& source) {
  return {lewm_from(load_lewm_folder(source.path, source.read), source.path.string(), at::kCPU).ptr()};
}

std::unique_ptr<WorldModel> lewm_make_world_model(const fs::path& path, const WorldModelOptions& options) {
  ModelFolder folder = load_lewm_folder(path, options.read);
  if (options.actions)
    folder.actions = options.actions(lewm_config(folder.model, (path / "config.json").string()).action_block);
  return LewmWorldModel::from(folder, path.string(), options.device);
}

/// A folder whose tensors have our names and fit its config.
struct Checked {
  explicit Checked(const ModelSource& source)
      : folder(load_lewm_folder(source.path, source.read)),
        config(lewm_config(folder.model, (source.path / "config.json").string())) {
    folder.weights = with_transformers4_names(folder.weights);
    check_state_dict(*Lewm(config), folder.weights, source.path.string());
  }
  ModelFolder folder;
  LewmConfig config;
};

int64_t lewm_write_own(const ModelSource& source, const fs::path& out) {
  Checked model(source);
  model.folder.model = config_json(model.config);
  save_model_folder(out, model.folder);
  return count_elements(model.folder.weights);
}

/// Takes the heads off: networks beside the model that no loss of it depends on (Note [Heads of LeWM]).
void drop_heads(LewmConfig& config, TensorMap& weights) {
  config.heads = {};
  if (std::erase_if(weights, [](const auto& item) { return of_heads(item.first); }) > 0)
    log_info("stable-worldmodel's LeWM has no heads: they are left out");
}

int64_t lewm_write_swm(const ModelSource& source, const fs::path& out) {
  if (source.transformers_names != 4 && source.transformers_names != 5)
    fail<ConfigError>("names of transformers {}: stable-worldmodel's models have those of 4 or 5",
                      source.transformers_names);
  Checked model(source);
  drop_heads(model.config, model.folder.weights);
  const auto upstream = swm_config(model.config);  // before anything is written: it may refuse
  fs::create_directories(out);
  save_pt(out / "weights.pt",
          source.transformers_names == 4 ? model.folder.weights : with_transformers5_names(model.folder.weights));
  write_json(out / "preprocess.json", config_json(model.folder.preprocess));  // ours: its originals ignore both
  if (model.folder.actions) write_json(out / "actions.json", config_json(*model.folder.actions));
  write_json(out / "config.json", upstream);
  return count_elements(model.folder.weights);
}

}  // namespace

Family lewm_family() {
  return {.name = kLewmFamily,
          .description = "small image encoder and action-conditioned predictor, trained together (LeWorldModel)",
          .recognise = is_lewm,
          .form = [](const fs::path& path) { return is_swm(path) ? "swm" : "foresee"; },
          .networks = lewm_networks,
          .pictures = [](const ModelSource& source) { return lewm_pictures(source.path, source.read); },
          .make_world_model = lewm_make_world_model,
          .formats = {{"swm", "stable-worldmodel", lewm_write_swm}, {"foresee", "this program", lewm_write_own}}};
}

}  // namespace foresee
