#include <fmt/ranges.h>

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/core/text/name_list.h"
#include "jepa/io/names/pickled_config.h"
#include "jepa/io/names/weight_folder.h"
#include "jepa/model/vjepa2/files/names.h"
#include "jepa/model/vjepa2/files/readers.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr std::string_view kPatchEmbedding = "embeddings.patch_embeddings.proj.weight";

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

/// Where the networks of a VJEPA2Model lie among other tensors.
struct ModelPlace {
  std::string below;  // before "encoder."; "" or "wrapper."
  bool alone;         // an encoder that was saved alone: it has no "encoder." of its own
};

/// Nothing where there is none. @throws CheckpointError where there are several.
std::optional<ModelPlace> model_place(const BareNames& names, const std::string& source) {
  const auto places = names.before(kPatchEmbedding);
  if (places.empty()) return std::nullopt;
  if (places.size() > 1)
    fail<CheckpointError>("{}: {} encoders of transformers, expected one: {}; save the wanted one alone", source,
                          places.size(), fmt::join(places, ", "));
  const auto without = [](const std::string& text, std::string_view ending) {
    return text.ends_with(ending) ? text.substr(0, text.size() - ending.size()) : text;
  };
  const bool alone = !places.front().ends_with("encoder.");
  return ModelPlace{without(without(places.front(), "encoder."), "vjepa2."), alone};
}

/// How the names of a model's networks begin, below its place.
std::vector<std::string> networks_of(const ModelPlace& place) {
  if (place.alone) return {"embeddings.", "layer.", "layernorm."};
  return {"encoder.", "predictor.", "pooler.", "classifier.", "vjepa2."};
}

/// A folder's tensors as VJEPA2Model has them: an encoder that was saved alone, or below another module, gets its
/// place. What a trainer saved beside the model (an optimizer, a head of its own, the state of a loss) is named and not
/// read.
TensorMap in_their_place(TensorMap tensors, const std::string& source) {
  BareNames names;
  for (const auto& [name, tensor] : tensors) names.stored.emplace(name, name);
  const auto place = model_place(names, source);
  if (!place) return tensors;
  const auto networks = networks_of(*place);
  TensorMap placed;
  std::vector<std::string> beside;
  for (const auto& [name, tensor] : tensors) {
    const std::string inside = name.starts_with(place->below) ? name.substr(place->below.size()) : "";
    const auto begins = [&](const std::string& network) { return inside.starts_with(network); };
    if (std::any_of(networks.begin(), networks.end(), begins))
      placed.emplace((place->alone ? "encoder." : "") + inside, tensor);
    else
      beside.push_back(name);
  }
  if (!beside.empty())
    log_warning("{}: {} tensor{} beside the model {} not read ({})", source, beside.size(),
                beside.size() == 1 ? "" : "s", beside.size() == 1 ? "is" : "are", name_list(beside));
  return placed;
}

/// The same of a file by itself. What a trainer saved beside the model (an optimizer, a head of its own) is not read.
TensorMap model_tensors(const WeightFile& file) {
  const std::string where = file.path().string();
  const auto place = model_place(file.names(), where);
  if (!place) fail<CheckpointError>("{}: no encoder of transformers; it holds {}", where, file.summary());
  TensorMap placed;
  for (const std::string& network : networks_of(*place))
    for (const auto& [name, tensor] : file.tensors(place->below + network))
      placed.emplace((place->alone ? "encoder." : "") + network + name, tensor);
  return placed;
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

bool has_huggingface_names(const BareNames& names) { return !names.before(kPatchEmbedding).empty(); }

namespace {

/// Distributes tensors under transformers' names over the networks.
void set_tensors(Vjepa2Weights& weights, const TensorMap& tensors, const Vjepa2ReadOptions& options,
                 const json& config) {
  Vjepa2Tensors networks = official_from_huggingface(tensors, weights.source, /*mapped=*/true);
  weights.encoder = std::move(networks.encoder);
  weights.predictor = std::move(networks.predictor);
  if (networks.probe.empty()) return;
  ProbeWeights probe{.tensors = std::move(networks.probe)};
  // transformers' pooler has the encoder's heads and eps, and a ratio of 4 whatever mlp_ratio says.
  probe.sizes = probe_sizes(probe.tensors, options.probe_heads.value_or(weights.config.encoder.heads), weights.source);
  probe.layer_norm_eps = weights.config.encoder.layer_norm_eps;
  probe.labels = read_labels(config, weights.source);
  weights.probe = std::move(probe);
}

void refuse_target_encoder(const std::string& source, const Vjepa2ReadOptions& options) {
  if (options.weights == EncoderKey::kTargetEncoder)
    fail<CheckpointError>("{}: the target encoder was asked for; a model of transformers holds one encoder", source);
}

}  // namespace

Vjepa2Weights read_huggingface(const fs::path& folder, const Vjepa2ReadOptions& options, const fs::path& file) {
  refuse_target_encoder(folder.string(), options);
  const std::string where = (folder / "config.json").string();
  const json object = read_json(folder / "config.json");
  if (fs::exists(folder / "adapter_config.json"))
    log_warning("{}: an adapter lies beside the model; it is not merged in, and the model is read without it",
                folder.string());
  Vjepa2Weights weights{.source = file.empty() ? folder.string() : file.string(), .format = "huggingface"};
  weights.config = parse_huggingface_config(object, where);
  weights.preprocess = huggingface_pictures(folder);
  const TensorMap tensors =
      file.empty() ? in_their_place(folder_tensors(folder), weights.source) : model_tensors(WeightFile(file));
  set_tensors(weights, tensors, options, object);
  return weights;
}

namespace {

/// The config of a pickled module; null where there is none.
json config_in(const WeightFile& file) {
  return file.pt() == nullptr ? json() : pickled_config(*file.pt(), "VJEPA2Config");
}

}  // namespace

PictureSpec huggingface_file_pictures(const WeightFile& file, const Vjepa2ReadOptions& options) {
  const json config = config_in(file);
  const int64_t size = config.is_object()
                           ? parse_huggingface_config(config, file.path().string() + ": config").encoder.image_size
                           : options.image_size.value_or(256);
  const PictureSpec spec{.size = size, .colours = "swscale"};  // of the video readers that upstream's training used
  return with_transform(spec, PictureTransform::kHuggingFace);
}

Vjepa2Weights read_huggingface_file(const WeightFile& file, const Vjepa2ReadOptions& options, Vjepa2Parts parts) {
  const std::string source = file.path().string();
  refuse_target_encoder(source, options);
  const json config = config_in(file);
  const TensorMap tensors = model_tensors(file);
  Vjepa2Weights weights{.source = source, .format = "huggingface"};
  if (config.is_object()) weights.config = parse_huggingface_config(config, source + ": config");
  VideoEncoderConfig& encoder = weights.config.encoder;
  if (!config.is_object()) {
    // The probe's heads are those of the encoder, which are not known before it is read.
    const TensorMap networks = official_from_huggingface(tensors, source).encoder;
    set_encoder_sizes(encoder, networks, options.heads, source);
    encoder.image_size = options.image_size.value_or(256);
    encoder.frames = options.frames.value_or(64);
    encoder.layer_norm_eps = 1e-6;
    encoder = encoder.hugging_face();
  }
  weights.preprocess = huggingface_file_pictures(file, options);
  set_tensors(weights, tensors, options, config.is_object() ? config : json::object());
  if (!config.is_object() && parts == Vjepa2Parts::kAll && !weights.predictor.empty()) {
    set_predictor_sizes(weights.config.predictor, weights.predictor, options.predictor_heads, source);
    weights.config.predictor.layer_norm_eps = encoder.layer_norm_eps;
  }
  return weights;
}

}  // namespace foresee
