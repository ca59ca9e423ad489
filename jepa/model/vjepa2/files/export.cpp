#include "jepa/model/vjepa2/files/export.h"

#include <ATen/ATen.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"
#include "jepa/io/checkpoint_files.h"
#include "jepa/io/pt_write.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/names.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

void make_folder(const fs::path& folder) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) fail<CheckpointError>("{}: cannot create: {}", folder.string(), system_reason(code));
}

/// transformers has one value for both networks and the pooler.
void check_shared(const std::string& source, const char* what, double encoder, double other) {
  if (encoder != other)
    fail<CheckpointError>("{}: transformers' VJEPA2 cannot hold it: {} is {} in the encoder and {} elsewhere", source,
                          what, encoder, other);
}

Json huggingface_config(const Vjepa2Weights& weights) {
  const auto& [encoder, predictor] = weights.config;
  const std::string& source = weights.source;
  if (encoder.rope_angles != RopeAngles::kTiled)
    fail<CheckpointError>("{}: transformers' VJEPA2 has tiled RoPE angles only", source);
  if (!weights.predictor.empty()) {
    check_shared(source, "layer_norm_eps", encoder.layer_norm_eps, predictor.layer_norm_eps);
    check_shared(source, "qkv_bias", encoder.qkv_bias, predictor.qkv_bias);
  }
  const bool classifies = weights.probe.has_value();
  Json config{{"architectures", {classifies ? "VJEPA2ForVideoClassification" : "VJEPA2Model"}},
              {"model_type", "vjepa2"},
              {"dtype", weights.encoder.begin()->second.scalar_type() == at::kBFloat16 ? "bfloat16"
                        : weights.encoder.begin()->second.scalar_type() == at::kHalf   ? "float16"
                                                                                       : "float32"},
              {"patch_size", encoder.patch_size},
              {"crop_size", encoder.image_size},
              {"image_size", encoder.image_size},
              {"frames_per_clip", encoder.frames},
              {"tubelet_size", encoder.tubelet_size},
              {"hidden_size", encoder.width},
              {"in_chans", 3},
              {"num_attention_heads", encoder.heads},
              {"num_hidden_layers", encoder.depth},
              {"drop_path_rate", encoder.drop_path},
              {"mlp_ratio", encoder.mlp_ratio},
              {"layer_norm_eps", encoder.layer_norm_eps},
              {"qkv_bias", encoder.qkv_bias},
              {"attention_probs_dropout_prob", 0.0},
              {"hidden_act", "gelu"},
              {"initializer_range", 0.02},
              {"attention_dropout", 0.0},
              {"num_pooler_layers", classifies ? weights.probe->sizes.depth : 3},
              {"pred_hidden_size", predictor.width},
              {"pred_num_attention_heads", predictor.heads},
              {"pred_num_hidden_layers", predictor.depth},
              {"pred_num_mask_tokens", predictor.mask_tokens},
              {"pred_zero_init_mask_tokens", predictor.zero_init_mask_tokens},
              {"pred_mlp_ratio", predictor.mlp_ratio}};
  if (!classifies) return config;

  const ProbeWeights& probe = *weights.probe;
  const auto linear = probe.tensors.find("linear.weight");
  if (linear == probe.tensors.end())
    fail<CheckpointError>("{}: transformers' VJEPA2 has one classifier; this probe has several outputs", source);
  check_shared(source, "heads", static_cast<double>(encoder.heads), static_cast<double>(probe.sizes.heads));
  check_shared(source, "layer_norm_eps", encoder.layer_norm_eps, probe.layer_norm_eps);
  check_shared(source, "the pooler's MLP width", static_cast<double>(4 * encoder.width),
               static_cast<double>(probe.sizes.mlp));
  Json names = Json::object(), numbers = Json::object();
  for (int64_t i = 0; i < linear->second.size(0); ++i) {
    const auto index = static_cast<size_t>(i);
    const std::string label = index < probe.labels.size() ? probe.labels[index] : fmt::format("LABEL_{}", i);
    names[std::to_string(i)] = label;
    numbers[label] = i;
  }
  config["id2label"] = names;
  config["label2id"] = numbers;
  return config;
}

/// Pillow's numbers.
int resample_of(Interpolation interpolation) {
  if (interpolation == Interpolation::kNearest) return 0;
  return interpolation == Interpolation::kBicubic ? 3 : 2;
}

/// As VJEPA2VideoProcessor saves it; the shortest edge is what it computes from the crop.
Json video_preprocessor_config(const Preprocess& preprocess) {
  const bool cuts = preprocess.picture != PictureShape::kNone;
  return {{"video_processor_type", "VJEPA2VideoProcessor"},
          {"do_resize", cuts && preprocess.picture != PictureShape::kCenter},
          {"size", {{"shortest_edge", published_short_side(preprocess.size)}}},
          {"resample", resample_of(preprocess.interpolation)},
          {"do_center_crop", cuts},
          {"crop_size", {{"height", preprocess.size}, {"width", preprocess.size}}},
          {"do_rescale", true},
          {"rescale_factor", preprocess.scale},
          {"do_normalize", true},
          {"image_mean", preprocess.mean},
          {"image_std", preprocess.std}};
}

/// One file, or several with an index, as huggingface_hub splits them: in order, a new one where the next tensor does
/// not fit.
void save_shards(const fs::path& folder, const TensorMap& tensors, int64_t shard_bytes) {
  const std::map<std::string, std::string> metadata{{"format", "pt"}};  // from_pretrained asks for it
  std::vector<TensorMap> shards(1);
  int64_t total = 0, filled = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto bytes = static_cast<int64_t>(tensor.nbytes());
    if (filled > 0 && filled + bytes > shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().emplace(name, tensor);
    filled += bytes;
    total += bytes;
  }
  if (shards.size() == 1) return save_safetensors(folder / "model.safetensors", tensors, metadata);
  Json places = Json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    const std::string file = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    for (const auto& [name, tensor] : shards[i]) places[name] = file;
    save_safetensors(folder / file, shards[i], metadata);
  }
  write_json(folder / "model.safetensors.index.json", {{"metadata", {{"total_size", total}}}, {"weight_map", places}});
}

TensorMap wrapped(const TensorMap& tensors, const std::string& prefix) { return with_prefix_added(tensors, prefix); }

/// V-JEPA 2's layout has a place for a predictor of one level with one output layer.
void check_predictor(const Vjepa2Weights& weights) {
  const MaskedPredictorConfig& predictor = weights.config.predictor;
  if (!weights.predictor.empty() && (predictor.levels > 1 || predictor.context_output))
    fail<CheckpointError>(
        "{}: V-JEPA 2's files cannot hold its predictor (levels {}, context_output {}); remove {} from a copy of the "
        "folder to export the encoder alone",
        weights.source, predictor.levels, predictor.context_output, checkpoint_files::kPredictor);
}

}  // namespace

void export_huggingface(const Vjepa2Weights& weights, const fs::path& folder, int64_t shard_bytes) {
  if (weights.encoder.empty()) fail<CheckpointError>("{}: holds no encoder to export", weights.source);
  if (!weights.action_predictor.empty())
    fail<CheckpointError>("{}: transformers has no action-conditioned V-JEPA 2", weights.source);
  check_predictor(weights);
  const Json config = huggingface_config(weights);
  if (weights.predictor.empty())
    log_warning("{}: no masked predictor: transformers fills its own with random numbers", weights.source);
  Vjepa2Tensors tensors{.encoder = weights.encoder, .predictor = weights.predictor};
  if (weights.probe) tensors.probe = weights.probe->tensors;
  make_folder(folder);
  save_shards(folder, huggingface_from_official(tensors), shard_bytes);
  write_json(folder / "video_preprocessor_config.json", video_preprocessor_config(weights.preprocess));
  write_json(folder / "config.json", config);
}

void export_official(const Vjepa2Weights& weights, const fs::path& folder) {
  check_predictor(weights);
  make_folder(folder);
  if (weights.probe)
    save_pt(folder / "probe.pt", {{"classifiers", std::vector<TensorMap>{wrapped(weights.probe->tensors, "module.")}},
                                  {"epoch", int64_t{0}}});
  if (weights.encoder.empty()) {
    if (!weights.probe) fail<CheckpointError>("{}: holds nothing to export", weights.source);
    return;
  }
  const bool actions = !weights.action_predictor.empty();
  const std::string prefix = actions ? "module." : "module.backbone.";
  const TensorMap encoder = wrapped(weights.encoder, prefix);
  std::vector<std::pair<std::string, PtItem>> items{{"encoder", encoder}};
  const TensorMap& predictor = actions ? weights.action_predictor : weights.predictor;
  if (!predictor.empty()) items.emplace_back("predictor", wrapped(predictor, prefix));
  items.emplace_back("target_encoder", encoder);
  items.emplace_back("epoch", int64_t{0});
  save_pt(folder / "model.pt", items);
}

Vjepa2Weights random_vjepa2(const std::string& preset, uint64_t seed) {
  Vjepa2Weights weights{.source = preset, .format = "foresee", .config = vjepa2_preset(preset)};
  weights.preprocess.size = weights.config.encoder.image_size;
  VideoEncoder encoder(weights.config.encoder);
  MaskedPredictor predictor(weights.config.predictor, weights.config.encoder);
  encoder.initialise(seed);
  predictor.initialise(seed);
  weights.encoder = state_dict(encoder);
  weights.predictor = state_dict(predictor);
  return weights;
}

}  // namespace foresee
