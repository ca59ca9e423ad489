#include "jepa/io/model_folder.h"

#include <algorithm>
#include <cmath>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/io/checkpoint.h"
#include "jepa/io/pt_file.h"
#include "jepa/io/safetensors.h"

namespace foresee {
namespace fs = std::filesystem;

Tensor Preprocess::normalise(const Tensor& frames) const {
  FORESEE_CHECK(frames.dim() >= 3 && frames.size(-3) == 3 && frames.scalar_type() == at::kByte,
                "expected uint8 [..., 3, H, W], got {}", describe(frames));
  const auto channels = [&](const std::vector<double>& values) {  // [3, 1, 1]
    return torch::tensor(values, at::kFloat).view({3, 1, 1}).to(frames.device());
  };
  return frames.to(at::kFloat).div_(255.0).sub_(channels(mean)).div_(channels(std));
}

void Preprocess::validate() const {
  if (mean.size() != 3 || std.size() != 3)
    fail<ConfigError>("preprocess: expected 3 values of mean and of std, got {} and {}", mean.size(), std.size());
  for (const double value : std)
    if (!(value > 0)) fail<ConfigError>("preprocess: expected std > 0, got {}", value);
}

void describe(Fields& fields, Preprocess& preprocess) {
  fields("size", preprocess.size, "height and width of the input, pixels", {1, 16384});
  fields("mean", preprocess.mean, "mean of R, G, B, of values in [0, 1]");
  fields("std", preprocess.std, "standard deviation of R, G, B, of values in [0, 1]");
  static constexpr std::string_view kColours[] = {"exact", "swscale"};
  fields.choice("colours", preprocess.colours, kColours,
                "arithmetic that makes RGB of video. exact: the standard's; swscale: FFmpeg's fast path");
}

fs::path resolve_model_folder(const fs::path& path) {
  if (!fs::exists(path)) fail<CheckpointError>("{}: no such folder", path.string());
  if (!fs::is_directory(path))
    fail<CheckpointError>(
        "{}: is a file, expected a model folder (config.json, model.safetensors, ...) or a run folder", path.string());
  const bool is_run = fs::exists(path / "latest") || fs::is_directory(path / "checkpoints");
  if (!is_run) return path;
  const auto step = latest_checkpoint_step(path);
  if (!step) fail<CheckpointError>("{}: this run has no checkpoint yet", path.string());
  return checkpoint_folder(path, *step);
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

/// Whether a config.json is of stable-worldmodel: Hydra keys, the class of a LeWM on top.
bool is_swm_config(const nlohmann::json& config) {
  const auto target = config.value("_target_", nlohmann::json());
  return target.is_string() && target.get<std::string>().ends_with(".LeWM");
}

int64_t swm_image_size(const nlohmann::json& config) {
  const auto encoder = config.value("encoder", nlohmann::json::object());
  const auto size = encoder.is_object() ? encoder.value("image_size", nlohmann::json()) : nlohmann::json();
  return size.is_number_integer() ? size.get<int64_t>() : 224;
}

/// Reads {"family": F, "preset": P, "model": {...}}.
void read_model_config(const fs::path& file, const std::string& family, ModelFolder& model) {
  const auto config = read_json(file);
  const std::string where = file.string();
  if (!config.is_object()) fail<CheckpointError>("{}: expected an object, got {}", where, config.type_name());
  if (is_swm_config(config)) {
    model.family = "lewm";
    model.model = config;
    check_family(family, model.family, where);
    return;
  }
  if (!config.contains("family")) {
    const bool transformers = config.value("model_type", nlohmann::json()) == "vjepa2";
    fail<CheckpointError>("{}: no key 'family'{}", where,
                          transformers
                              ? "; a folder of transformers' VJEPA2: it has an encoder (`foresee encode`), but "
                                "nothing that was asked for here"
                              : "");
  }
  const std::vector<std::string> known{"family", "preset", "model"};
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
}

}  // namespace

std::vector<fs::path> weight_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (entry.is_regular_file() && (extension == ".safetensors" || extension == ".pt")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) fail<CheckpointError>("{}: no .safetensors and no .pt file in it", folder.string());
  return files;
}

void warn_of_weights_not_finite(const fs::path& source, const TensorMap& weights) {
  std::vector<std::string> broken;
  for (const auto& [name, tensor] : weights) {
    if (!tensor.is_floating_point() || tensor.element_size() == 1) continue;  // 8-bit floats have no sums
    // The sum first: it needs no second tensor, and it is finite for nearly every sound weight.
    if (std::isfinite(tensor.sum().item<double>()) || tensor.isfinite().all().item<bool>()) continue;
    broken.push_back(name);
  }
  if (!broken.empty())
    log_warning("{}: {} of {} tensors hold NaN or infinity (first: {})", source.string(), broken.size(), weights.size(),
                broken.front());
}

ModelFolder load_model_folder(const fs::path& path, const std::string& family) {
  const fs::path folder = resolve_model_folder(path);
  ModelFolder model;
  try {
    read_model_config(required_file(folder, "config.json"), family, model);
    const auto preprocess = folder / "preprocess.json";
    if (is_swm_config(model.model) && !fs::exists(preprocess)) {
      model.preprocess.size = swm_image_size(model.model);  // mean and std: ImageNet's, as upstream
    } else {
      required_file(folder, "preprocess.json");
      model.preprocess = parse_config<Preprocess>(read_json(preprocess), preprocess.string());
    }
    const auto actions = folder / "actions.json";
    if (fs::exists(actions)) model.actions = parse_config<ActionSpec>(read_json(actions), actions.string());
  } catch (const CheckpointError&) {
    throw;
  } catch (const Error& error) {
    // validate() knows no path, everything else begins with it.
    const std::string text = error.what();
    const bool named = text.find(folder.string()) != std::string::npos;
    fail<CheckpointError>("{}{}{}", named ? "" : folder.string(), named ? "" : ": ", text);
  }
  const bool swm = is_swm_config(model.model) && fs::exists(folder / "weights.pt");
  const auto weights = required_file(folder, swm ? "weights.pt" : "model.safetensors");
  if (swm) {
    const PtFile file(weights);
    model.weights = file.tensors(file.root(), "the state dict");
  } else {
    model.weights = SafetensorsFile(weights).tensors();
  }
  warn_of_weights_not_finite(weights, model.weights);
  return model;
}

void save_model_folder(const fs::path& path, const ModelFolder& model) {
  FORESEE_CHECK(!model.family.empty(), "expected a family, got an empty name ({})", path.string());
  model.preprocess.validate();
  if (model.actions) model.actions->validate();
  std::error_code code;
  fs::create_directories(path, code);
  if (code) fail<CheckpointError>("{}: cannot create: {}", path.string(), code.message());
  nlohmann::ordered_json config{{"family", model.family}};
  if (!model.preset.empty()) config["preset"] = model.preset;
  config["model"] = model.model;
  // The weights first: where a disk fills up it is here, and a folder without config.json is no model.
  save_safetensors(path / "model.safetensors", model.weights);
  write_json(path / "preprocess.json", config_json(model.preprocess));
  if (model.actions) {
    write_json(path / "actions.json", config_json(*model.actions));
  } else {
    fs::remove(path / "actions.json", code);  // of an earlier model with actions
  }
  write_json(path / "config.json", config);
}

}  // namespace foresee
