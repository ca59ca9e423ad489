#include <fmt/ranges.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/safetensors.h"
#include "jepa/model/vjepa2/files/names.h"
#include "jepa/model/vjepa2/files/readers.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

/// Values of a config.json that has keys of many versions: unknown ones are left alone, known ones are checked.
class HuggingfaceConfig {
 public:
  HuggingfaceConfig(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  int64_t integer(const char* key, int64_t otherwise) const {
    const json* value = find(key);
    if (!value) return otherwise;
    if (!value->is_number_integer() || value->get<int64_t>() < 1 || value->get<int64_t>() > 1'000'000)
      fail<CheckpointError>("{}: {}: expected a whole number from 1, got {}", where_, key, value->dump());
    return value->get<int64_t>();
  }
  double number(const char* key, double otherwise) const {
    const json* value = find(key);
    if (!value) return otherwise;
    if (!value->is_number() || !(value->get<double>() >= 0) || value->get<double>() > 1e6)
      fail<CheckpointError>("{}: {}: expected a number from 0, got {}", where_, key, value->dump());
    return value->get<double>();
  }
  bool truth(const char* key, bool otherwise) const {
    const json* value = find(key);
    if (value && !value->is_boolean())
      fail<CheckpointError>("{}: {}: expected true or false, got {}", where_, key, value->dump());
    return value ? value->get<bool>() : otherwise;
  }
  const json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

 private:
  const json& object_;
  std::string where_;
};

/// transformers configuration_vjepa2.py; the defaults are its own.
Vjepa2Config parse_huggingface_config(const json& object, const std::string& where) {
  const HuggingfaceConfig config(object, where);
  if (const json* act = config.find("hidden_act"); act && *act != "gelu")
    fail<CheckpointError>("{}: hidden_act {}: only gelu is known", where, act->dump());
  if (config.integer("in_chans", 3) != 3) fail<CheckpointError>("{}: in_chans: expected 3", where);
  Vjepa2Config result;
  VideoEncoderConfig& encoder = result.encoder;
  encoder.image_size = config.integer("crop_size", 256);
  encoder.frames = config.integer("frames_per_clip", 64);
  encoder.patch_size = config.integer("patch_size", 16);
  if (encoder.image_size % encoder.patch_size != 0)
    fail<CheckpointError>("{}: crop_size {}: expected a multiple of patch_size {}", where, encoder.image_size,
                          encoder.patch_size);
  encoder.tubelet_size = config.integer("tubelet_size", 2);
  encoder.width = config.integer("hidden_size", 1024);
  encoder.depth = config.integer("num_hidden_layers", 24);
  encoder.heads = config.integer("num_attention_heads", 16);
  encoder.mlp_ratio = config.number("mlp_ratio", 4.0);
  encoder.layer_norm_eps = config.number("layer_norm_eps", 1e-6);
  encoder.qkv_bias = config.truth("qkv_bias", true);
  encoder.drop_path = config.number("drop_path_rate", 0.0);
  encoder = encoder.hugging_face();
  MaskedPredictorConfig& predictor = result.predictor;
  predictor.width = config.integer("pred_hidden_size", 384);
  predictor.depth = config.integer("pred_num_hidden_layers", 12);
  predictor.heads = config.integer("pred_num_attention_heads", 12);
  predictor.mlp_ratio = config.number("pred_mlp_ratio", 4.0);
  predictor.mask_tokens = config.integer("pred_num_mask_tokens", 10);
  predictor.zero_init_mask_tokens = config.truth("pred_zero_init_mask_tokens", true);
  predictor.layer_norm_eps = encoder.layer_norm_eps;
  predictor.qkv_bias = encoder.qkv_bias;
  return result;
}

/// model.safetensors, or the files that its index names.
TensorMap read_tensors(const fs::path& folder) {
  const fs::path whole = folder / "model.safetensors", index_path = folder / "model.safetensors.index.json";
  if (fs::exists(whole)) return SafetensorsFile(whole).tensors();
  if (!fs::exists(index_path)) {
    const bool bin = fs::exists(folder / "pytorch_model.bin");
    fail<CheckpointError>("{}: no model.safetensors and no model.safetensors.index.json{}", folder.string(),
                          bin ? "; pytorch_model.bin is not read" : "");
  }
  const std::string where = index_path.string();
  const json index = read_json(index_path);
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (map == index.end() || !map->is_object()) fail<CheckpointError>("{}: expected an object 'weight_map'", where);
  std::map<std::string, SafetensorsFile> shards;
  TensorMap tensors;
  std::vector<std::string> missing;
  for (const auto& [name, value] : map->items()) {
    if (!value.is_string()) fail<CheckpointError>("{}: '{}': expected a file's name", where, name);
    const std::string file = value.get<std::string>();
    if (file.empty() || fs::path(file).filename() != file || file == "..")
      fail<CheckpointError>("{}: '{}': expected a file beside the index, got '{}'", where, name, file);
    const auto shard = shards.try_emplace(file, folder / file).first;
    if (!shard->second.entries().contains(name)) {
      missing.push_back(name + " in " + file);
      continue;
    }
    tensors.emplace(name, shard->second.tensor(name));
  }
  if (!missing.empty())
    fail<CheckpointError>("{}: {} tensors are not where the index says: {}", where, missing.size(),
                          fmt::join(missing, ", "));
  return tensors;
}

std::vector<std::string> read_labels(const json& object, const std::string& where) {
  const auto found = object.find("id2label");
  if (found == object.end() || !found->is_object()) return {};
  std::vector<std::string> labels(found->size());
  for (const auto& [key, label] : found->items()) {
    char* end = nullptr;
    const size_t index = std::strtoull(key.c_str(), &end, 10);
    if (key.empty() || *end != '\0' || index >= labels.size() || !label.is_string())
      fail<CheckpointError>("{}: id2label: expected the classes from 0, got '{}'", where, key);
    labels[index] = label.get<std::string>();
  }
  return labels;
}

}  // namespace

bool is_huggingface_folder(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  if (!fs::exists(path)) return false;
  const json config = read_json(path);
  return config.is_object() && config.value("model_type", json()) == "vjepa2";
}

Vjepa2Weights read_huggingface(const fs::path& folder, const Vjepa2ReadOptions& options) {
  if (options.weights == EncoderKey::kTargetEncoder)
    fail<CheckpointError>("{}: the target encoder was asked for; a Hugging Face folder holds one encoder",
                          folder.string());
  const std::string where = (folder / "config.json").string();
  const json object = read_json(folder / "config.json");
  Vjepa2Weights weights{.source = folder.string(), .format = "huggingface"};
  weights.config = parse_huggingface_config(object, where);
  weights.preprocess = huggingface_pictures(folder);
  Vjepa2Tensors tensors = official_from_huggingface(read_tensors(folder), folder.string(), /*mapped=*/true);
  weights.encoder = std::move(tensors.encoder);
  weights.predictor = std::move(tensors.predictor);
  if (!tensors.probe.empty()) {
    ProbeWeights probe{.tensors = std::move(tensors.probe)};
    // transformers' pooler has the encoder's heads and eps, and a ratio of 4 whatever mlp_ratio says.
    probe.sizes =
        probe_sizes(probe.tensors, options.probe_heads.value_or(weights.config.encoder.heads), folder.string());
    probe.layer_norm_eps = weights.config.encoder.layer_norm_eps;
    probe.labels = read_labels(object, where);
    weights.probe = std::move(probe);
  }
  return weights;
}

}  // namespace foresee
