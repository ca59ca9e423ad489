#include "jepa/model/lewm/files/folder.h"

#include <fmt/ranges.h>

#include "jepa/core/error.h"
#include "jepa/io/names/weight_file.h"
#include "jepa/model/family/foreign_model.h"
#include "jepa/model/lewm/files/from_tensors.h"
#include "jepa/model/lewm/files/torch_world.h"
#include "jepa/model/lewm/lewm.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

/// Whether a config.json is of stable-worldmodel: Hydra keys, the class of a LeWM on top (JEPA in its first releases).
bool is_swm_config(const nlohmann::json& config) {
  if (!config.is_object()) return false;
  const auto target = config.value("_target_", nlohmann::json());
  if (!target.is_string()) return false;
  const std::string name = target.get<std::string>();
  return name.ends_with(".LeWM") || name.ends_with("jepa.JEPA");
}

int64_t swm_image_size(const nlohmann::json& config) {
  const auto encoder = config.value("encoder", nlohmann::json::object());
  const auto size = encoder.is_object() ? encoder.value("image_size", nlohmann::json()) : nlohmann::json();
  return size.is_number_integer() ? size.get<int64_t>() : 224;
}

/// Whether a weight file has a LeWM in it, whatever lies beside it.
bool has_lewm(const fs::path& path) {
  try {
    return fs::is_regular_file(path) && !lewm_places(WeightFile(path).names()).empty();
  } catch (const Error&) {
    return false;
  }
}

/// The one weight file of a folder, where a LeWM is in it.
std::optional<fs::path> lewm_file_in(const fs::path& folder) {
  try {
    const auto files = weight_files(folder);
    if (files.size() == 1 && has_lewm(files.front())) return files.front();
  } catch (const Error&) {
  }
  return std::nullopt;
}

/// The folder of a model: the path itself, or the one of a weight file.
fs::path model_folder_of(const fs::path& path) { return fs::is_regular_file(path) ? folder_around(path) : path; }

/// The weight file of a folder of stable-worldmodel.
fs::path weights_in(const fs::path& folder) {
  for (const char* name : {"weights.pt", "model.safetensors"})
    if (fs::exists(folder / name)) return folder / name;
  const auto files = weight_files(folder);
  if (files.size() == 1) return files.front();
  std::vector<std::string> names;
  for (const fs::path& file : files) names.push_back(file.filename().string());
  fail<CheckpointError>("{}: no weights.pt and no model.safetensors; it holds {}: name one of these files as the model",
                        folder.string(), fmt::join(names, ", "));
}

/// The weight file that says by itself what the model is: the path itself, or the only one of a folder whose
/// config.json, where there is one, is none of ours or of stable-worldmodel's.
std::optional<fs::path> file_alone(const fs::path& path) {
  const auto config = peek_model_config(model_folder_of(path));
  if (is_swm_config(config)) return std::nullopt;
  if (fs::is_regular_file(path)) return path;
  if (config.is_null() && fs::exists(path / "config.json")) return std::nullopt;  // damaged
  if (!fs::is_directory(path) || (config.is_object() && (config.contains("family") || config.contains("_target_"))))
    return std::nullopt;
  return lewm_file_in(path);
}

/// What a file by itself says of its model, with config.json beside it.
struct FileAlone {
  FileAlone(const fs::path& path, const ReadOptions& given) : file(path), options(given) {
    const auto places = lewm_places(file.names());
    if (places.size() == 1 && places.front().names == LewmPlace::Names::kTorchWorld) {
      const fs::path folder = folder_around(path);
      options = with_torch_world_sizes(given, peek_model_config(folder), (folder / "config.json").string());
      preprocess.mean = {0, 0, 0};  // its environments give pictures from 0 to 1
      preprocess.std = {1, 1, 1};
    }
    tensors = with_transformers4_names(lewm_tensors(file, options));
    preprocess.size = lewm_image_size(tensors, options, path.string());
  }
  WeightFile file;
  ReadOptions options;
  Preprocess preprocess;
  TensorMap tensors;  // under LeWM's names
};

/// A weight file by itself: sizes from its tensors; preprocess.json and actions.json may lie beside.
ModelFolder lewm_of_file(const fs::path& path, const ReadOptions& options) {
  const FileAlone known(path, options);
  known.file.say_wrappings();
  ModelFolder model{.family = kLewmFamily, .model = nullptr, .preprocess = known.preprocess, .weights = known.tensors};
  try {
    model.model = config_json(lewm_config_from_tensors(model.weights, known.options, path.string()));
  } catch (const ConfigError& error) {
    fail<CheckpointError>("{}: {}", path.string(), error.what());
  }
  read_input_files(folder_around(path), model);
  require_finite(path, model.weights, options.allow_nan);
  return model;
}

}  // namespace

bool is_lewm(const fs::path& given) {
  const fs::path path = own_folder_of(given);
  if (fs::is_regular_file(path)) return has_lewm(path);  // config.json beside it may be another model's
  const auto config = peek_model_config(path);
  return is_swm_config(config) || (config.is_object() && config.value("family", nlohmann::json()) == kLewmFamily) ||
         file_alone(path);
}

bool is_swm(const fs::path& path) { return is_swm_config(peek_model_config(model_folder_of(path))); }

PictureSpec lewm_pictures(const fs::path& given, const ReadOptions& options) {
  const fs::path path = own_folder_of(given), place = model_folder_of(path);
  const auto config = peek_model_config(place);
  const auto alone = file_alone(path);
  ModelFolder model;
  if (is_swm_config(config)) model.preprocess.size = swm_image_size(config);
  if (alone) model.preprocess = FileAlone(*alone, options).preprocess;
  read_input_files(alone ? place : resolve_model_folder(place), model);
  return or_transform(model.preprocess, PictureTransform::kFit);
}

ModelFolder load_lewm_folder(const fs::path& given, const ReadOptions& options) {
  const fs::path path = own_folder_of(given), place = model_folder_of(path);
  const auto config = peek_model_config(place);
  if (!is_swm_config(config)) {
    refuse_foreign_model(path);
    const auto alone = file_alone(path);
    return alone ? lewm_of_file(*alone, options) : load_model_folder(place, kLewmFamily, options.allow_nan);
  }
  const fs::path folder = open_model_folder(place);
  const fs::path file = place == path ? weights_in(folder) : path;
  ModelFolder model{.family = kLewmFamily, .model = config};
  model.preprocess.size = swm_image_size(config);  // mean and std: ImageNet's, as upstream
  read_input_files(folder, model);
  const WeightFile weights(file);
  weights.say_wrappings();
  model.weights = lewm_tensors(weights, options);
  require_finite(file, model.weights, options.allow_nan);
  return model;
}

}  // namespace foresee
