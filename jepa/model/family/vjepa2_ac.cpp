#include <fmt/ranges.h>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/model/family/rows.h"
#include "jepa/model/vjepa2/files/export.h"
#include "jepa/model/vjepa2_ac/world_model.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

std::vector<std::shared_ptr<torch::nn::Module>> ac_networks(const ModelSource& source) {
  const LoadedVjepa2Ac loaded = load_vjepa2_ac(source.path, source.read);
  return {loaded.model.encoder, loaded.model.predictor};
}

std::unique_ptr<WorldModel> ac_make_world_model(const fs::path& path, const WorldModelOptions& options) {
  LoadedVjepa2Ac loaded = load_vjepa2_ac(path, options.read);
  if (options.actions) loaded.actions = options.actions(loaded.model.config.predictor.action_size);
  loaded.model.encoder->to(options.device);
  loaded.model.predictor->to(options.device);
  return std::make_unique<Vjepa2AcWorldModel>(std::move(loaded.model), loaded.actions, loaded.preprocess);
}

/// Says what of a model folder Meta's file has no place for.
void say_what_is_lost(const fs::path& path) {
  if (!fs::is_directory(own_folder_of(path))) return;
  const LoadedVjepa2Ac loaded = load_vjepa2_ac(path);
  const Vjepa2AcConfig& config = loaded.model.config;
  std::vector<std::string> lost;
  if (config.state_update != StateUpdate::kArmPose || !config.state_mean.empty())
    lost.emplace_back("how states follow from actions, and their statistics");
  if (!loaded.actions.mean.empty() || !loaded.actions.low.empty()) lost.emplace_back("the scale and limits of actions");
  if (config.predictor.use_extrinsics) lost.emplace_back("that the model takes the camera's pose");
  if (loaded.preprocess.transform != PictureTransform::kCenterSquare || loaded.preprocess.cameras.size() > 1)
    lost.emplace_back("how pictures become square");
  if (!lost.empty())
    log_warning("Meta's file has no place for {}: who reads it must know", fmt::format("{}", fmt::join(lost, "; ")));
}

int64_t ac_write_official(const ModelSource& source, const fs::path& out) {
  const Vjepa2Weights weights = read_vjepa2(source.path, source.read);
  say_what_is_lost(source.path);
  export_official(weights, out);
  return count_elements(weights.encoder) + count_elements(weights.action_predictor);
}

int64_t ac_write_own(const ModelSource& source, const fs::path& out) {
  const LoadedVjepa2Ac loaded = load_vjepa2_ac(source.path, source.read);
  ModelFolder folder{
      .family = kVjepa2AcFamily, .model = config_json(loaded.model.config), .preprocess = loaded.preprocess};
  folder.actions = loaded.actions;
  folder.encoder = loaded.encoder;
  folder.weights = loaded.model.weights();
  save_model_folder(out, folder);
  return count_elements(folder.weights);
}

}  // namespace

Family vjepa2_ac_family() {
  return {.name = kVjepa2AcFamily,
          .description = "action-conditioned predictor on a frozen video transformer (V-JEPA 2-AC)",
          .recognise = [](const fs::path& path) { return vjepa2_content(path) == Vjepa2Content::kActions; },
          .form = [](const fs::path& path) { return fs::is_directory(own_folder_of(path)) ? "foresee" : "official"; },
          .networks = ac_networks,
          .pictures =
              [](const ModelSource& source) {
                const PictureSpec said = vjepa2_pictures(source.path, source.read);
                return fs::is_directory(own_folder_of(source.path))
                           ? said
                           : with_transform(said, PictureTransform::kCenterSquare);
              },
          .make_world_model = ac_make_world_model,
          .formats = {{"official", "Meta's .pt", ac_write_official}, {"foresee", "this program", ac_write_own}}};
}

}  // namespace foresee
