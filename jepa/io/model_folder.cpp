#include "jepa/io/model_folder.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "jepa/core/api/read_options.h"
#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"
#include "jepa/io/checkpoint.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/names/weight_file.h"
#include "jepa/io/safetensors.h"

namespace foresee {
namespace fs = std::filesystem;

namespace {

/// Whether a folder is a run. @throws CheckpointError where it is no folder.
bool is_run_folder(const fs::path& path) {
  if (!fs::exists(path)) fail<CheckpointError>("{}: no such folder", path.string());
  if (!fs::is_directory(path))
    fail<CheckpointError>(
        "{}: is a file, expected a model folder (config.json, model.safetensors, ...) or a run folder", path.string());
  return fs::exists(path / "latest") || fs::is_directory(path / "checkpoints") ||
         fs::exists(path / checkpoint_files::kRunName);
}

fs::path checkpoint_of(const fs::path& run, std::optional<int64_t> step) {
  if (!step) fail<CheckpointError>("{}: this run has no checkpoint yet", run.string());
  return checkpoint_folder(run, *step);
}

}  // namespace

fs::path resolve_model_folder(const fs::path& path) {
  return is_run_folder(path) ? checkpoint_of(path, latest_checkpoint_step(path)) : path;
}

fs::path open_model_folder(const fs::path& path, ManifestScope scope) {
  if (is_run_folder(path)) return checkpoint_of(path, sound_checkpoint_step(path, scope));
  if (const auto damage = manifest_damage(path, scope))
    fail<CheckpointError>("{} is damaged: {} (put a copy of it back; where the change is meant, remove {})",
                          path.string(), *damage, kManifestFile);
  return path;
}

fs::path own_folder_of(const fs::path& path) {
  if (path.filename() != checkpoint_files::kModel || !fs::is_regular_file(path)) return path;
  const fs::path folder = folder_around(path);
  const auto config = peek_model_config(folder);
  return config.is_object() && config.contains("family") ? folder : path;
}

namespace {

fs::path required_file(const fs::path& folder, const char* name) {
  if (!fs::exists(folder / name))
    fail<CheckpointError>("{}: no {}; a model folder holds config.json, preprocess.json, model.safetensors",
                          folder.string(), name);
  return folder / name;
}

void check_family(const std::string& expected, const std::string& got, const std::string& where) {
  if (!expected.empty() && got != expected)
    fail<CheckpointError>("expected a model of family '{}', got '{}' ({})", expected, got, where);
}

/// Runs `read`; its errors are CheckpointErrors that name the folder.
void with_path(const fs::path& folder, const std::function<void()>& read) {
  try {
    read();
  } catch (const CheckpointError&) {
    throw;
  } catch (const Error& error) {
    // validate() knows no path, everything else begins with it.
    const std::string text = error.what();
    const bool named = text.find(folder.string()) != std::string::npos;
    fail<CheckpointError>("{}{}{}", named ? "" : folder.string(), named ? "" : ": ", text);
  }
}

/// Reads {"family": F, "preset": P, "encoder": E, "model": {...}}.
void read_model_config(const fs::path& file, const std::string& family, ModelFolder& model) {
  const auto config = read_json(file);
  const std::string where = file.string();
  if (!config.is_object()) fail<CheckpointError>("{}: expected an object, got {}", where, config.type_name());
  if (!config.contains("family"))
    fail<CheckpointError>("{}: no key 'family'; a folder of another program, which has nothing that was asked for here",
                          where);
  const std::vector<std::string> known{"family", "preset", "encoder", "model"};
  for (const auto& [key, value] : config.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      fail<CheckpointError>("{}: unknown key '{}'{}", where, key, suggestion(key, known));
  if (!config["family"].is_string()) fail<CheckpointError>("{}: family: expected a string", where);
  model.family = config["family"].get<std::string>();
  check_family(family, model.family, where);
  if (!config.contains("model") || !config["model"].is_object())
    fail<CheckpointError>("{}: model: expected an object with the architecture", where);
  model.model = config["model"];
  const auto preset = config.value("preset", nlohmann::json(""));
  if (!preset.is_string()) fail<CheckpointError>("{}: preset: expected a string", where);
  model.preset = preset.get<std::string>();
  const auto encoder = config.value("encoder", nlohmann::json(""));
  if (!encoder.is_string()) fail<CheckpointError>("{}: encoder: expected a string", where);
  model.encoder = encoder.get<std::string>();
}

}  // namespace

nlohmann::json peek_model_config(const fs::path& path) {
  try {
    return read_json(resolve_model_folder(path) / "config.json");
  } catch (const std::exception&) {
    return nullptr;
  }
}

void read_input_files(const fs::path& folder, ModelFolder& model) {
  with_path(folder, [&] {
    const auto preprocess = folder / "preprocess.json", actions = folder / "actions.json";
    if (fs::exists(preprocess)) model.preprocess = parse_config<Preprocess>(read_json(preprocess), preprocess.string());
    if (fs::exists(actions)) model.actions = parse_config<ActionSpec>(read_json(actions), actions.string());
    if (const auto set = folder / "training_set.json"; fs::exists(set)) model.training_set = read_json(set);
  });
}

std::vector<fs::path> weight_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (!entry.is_regular_file() || entry.path().filename() == kFrameBankFile) continue;
    // Not every .bin holds weights: transformers' names are known.
    const bool bin = entry.path().filename().string().starts_with("pytorch_model") && extension == ".bin";
    if (extension == ".safetensors" || extension == ".pt" || extension == ".pth" || extension == ".ckpt" || bin)
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty())
    fail<CheckpointError>("{}: no .safetensors, .pt, .pth, .ckpt and no pytorch_model.bin in it", folder.string());
  return files;
}

void require_finite(const fs::path& source, const TensorMap& weights, bool allow_nan) {
  constexpr size_t kMostNamed = 5;
  std::vector<std::string> broken;
  for (const auto& [name, tensor] : weights) {
    if (!tensor.is_floating_point()) continue;
    const Tensor numbers = tensor.element_size() == 1 ? tensor.to(at::kFloat) : tensor;  // 8-bit floats have no sums
    // The sum first: it needs no second tensor, and it is finite for nearly every sound weight.
    if (std::isfinite(numbers.sum().item<double>()) || numbers.isfinite().all().item<bool>()) continue;
    broken.push_back(name);
  }
  if (broken.empty()) return;
  const size_t named = std::min(broken.size(), kMostNamed);
  const std::string text =
      fmt::format("{}: {} of {} tensors hold NaN or infinity (first: {})", source.string(), broken.size(),
                  weights.size(), fmt::join(broken.begin(), broken.begin() + static_cast<std::ptrdiff_t>(named), ", "));
  if (!allow_nan) throw NotFiniteError(text + ": a model with them gives no numbers that mean anything");
  log_warning("{}", text);
}

ModelFolder load_model_folder(const fs::path& path, const std::string& family, bool allow_nan) {
  return read_model_folder(open_model_folder(path), family, allow_nan);
}

ModelFolder read_model_folder(const fs::path& folder, const std::string& family, bool allow_nan) {
  ModelFolder model;
  with_path(folder, [&] { read_model_config(required_file(folder, "config.json"), family, model); });
  required_file(folder, "preprocess.json");
  read_input_files(folder, model);
  const auto weights = required_file(folder, "model.safetensors");
  model.weights = SafetensorsFile(weights).tensors();
  require_finite(weights, model.weights, allow_nan);
  return model;
}

nlohmann::ordered_json preprocess_json(const PictureSpec& spec) {
  auto json = config_json(spec);
  if (spec.cameras.empty()) json.erase("cameras");
  if (spec.transform == PictureTransform::kFamily)  // not said: as folders from before these keys
    for (const char* key : {"transform", "resized", "interpolation", "antialias"}) json.erase(key);
  for (const char* key : {"frames", "frame_step", "fps", "picture_frames"})
    if (json[key] == 0) json.erase(key);
  return json;
}

void save_model_folder(const fs::path& path, const ModelFolder& model) {
  FORESEE_CHECK(!model.family.empty(), "expected a family, got an empty name ({})", path.string());
  model.preprocess.validate();
  if (model.actions) model.actions->validate();
  std::error_code code;
  fs::create_directories(path, code);
  if (code) fail<CheckpointError>("{}: cannot create: {}", path.string(), system_reason(code));
  nlohmann::ordered_json config{{"family", model.family}};
  if (!model.preset.empty()) config["preset"] = model.preset;
  if (!model.encoder.empty()) config["encoder"] = model.encoder;
  config["model"] = model.model;
  // The weights first: where a disk fills up it is here, and a folder without config.json is no model.
  save_safetensors(path / "model.safetensors", model.weights);
  write_json(path / "preprocess.json", preprocess_json(model.preprocess));
  if (model.actions) {
    write_json(path / "actions.json", config_json(*model.actions));
  } else {
    fs::remove(path / "actions.json", code);  // of an earlier model with actions
  }
  if (model.training_set.is_object()) {
    write_json(path / "training_set.json", model.training_set);
  } else {
    fs::remove(path / "training_set.json", code);
  }
  write_json(path / "config.json", config);
  write_manifest(path);
}

}  // namespace foresee
