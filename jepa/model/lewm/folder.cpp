#include "jepa/model/lewm/folder.h"

#include "jepa/io/pt_file.h"
#include "jepa/io/safetensors.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

/// Whether a config.json is of stable-worldmodel: Hydra keys, the class of a LeWM on top.
bool is_swm_config(const nlohmann::json& config) {
  if (!config.is_object()) return false;
  const auto target = config.value("_target_", nlohmann::json());
  return target.is_string() && target.get<std::string>().ends_with(".LeWM");
}

int64_t swm_image_size(const nlohmann::json& config) {
  const auto encoder = config.value("encoder", nlohmann::json::object());
  const auto size = encoder.is_object() ? encoder.value("image_size", nlohmann::json()) : nlohmann::json();
  return size.is_number_integer() ? size.get<int64_t>() : 224;
}

}  // namespace

bool is_lewm(const fs::path& path) {
  const auto config = peek_model_config(path);
  return is_swm_config(config) || (config.is_object() && config.value("family", nlohmann::json()) == kLewmFamily);
}

bool is_swm(const fs::path& path) { return is_swm_config(peek_model_config(path)); }

PictureSpec lewm_pictures(const fs::path& path) {
  const auto config = peek_model_config(path);
  ModelFolder model;
  if (is_swm_config(config)) model.preprocess.size = swm_image_size(config);
  read_input_files(resolve_model_folder(path), model);
  return or_transform(model.preprocess, PictureTransform::kFit);
}

ModelFolder load_lewm_folder(const fs::path& path) {
  const auto config = peek_model_config(path);
  if (!is_swm_config(config)) return load_model_folder(path, kLewmFamily);
  const fs::path folder = open_model_folder(path);
  const bool ours = !fs::exists(folder / "weights.pt");  // beside a config of theirs
  const fs::path file = folder / (ours ? "model.safetensors" : "weights.pt");
  ModelFolder model{.family = kLewmFamily, .model = config};
  model.preprocess.size = swm_image_size(config);  // mean and std: ImageNet's, as upstream
  read_input_files(folder, model);
  if (ours) {
    model.weights = SafetensorsFile(file).tensors();
  } else {
    const PtFile weights(file);
    model.weights = weights.tensors(weights.root(), "the state dict");
  }
  warn_of_weights_not_finite(file, model.weights);
  return model;
}

}  // namespace foresee
