#include "jepa/model/vjepa2/files/weights.h"

#include <fmt/ranges.h>

#include <cmath>
#include <span>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/io/names/weight_file.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/family/foreign_model.h"
#include "jepa/model/vjepa2/files/readers.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

/// Heads of the published predictors, masked and action-conditioned.
std::optional<int64_t> predictor_heads(int64_t width, int64_t depth) {
  if (width == 384 && depth == 12) return 12;
  if (width == 1024 && depth == 24) return 16;
  return std::nullopt;
}

/// The tensor of a name with so many axes. @throws CheckpointError.
const Tensor& required(const TensorMap& tensors, const std::string& name, int64_t axes, const std::string& source) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) fail<CheckpointError>("{}: no tensor '{}'", source, name);
  if (found->second.dim() != axes || found->second.numel() == 0)
    fail<CheckpointError>("{}: expected '{}' with {} axes, got {}", source, name, axes,
                          foresee::describe(found->second));
  return found->second;
}

}  // namespace

double StackSizes::mlp_ratio() const {
  double ratio = static_cast<double>(mlp) / static_cast<double>(width);
  while (static_cast<int64_t>(static_cast<double>(width) * ratio) < mlp) ratio = std::nextafter(ratio, HUGE_VAL);
  return ratio;
}

EncoderKey taken_encoder(EncoderKey wanted, bool has_encoder, bool has_target, bool trained_on) {
  if (wanted != EncoderKey::kDefault) return wanted;
  if (has_encoder != has_target) return has_target ? EncoderKey::kTargetEncoder : EncoderKey::kEncoder;
  return trained_on ? EncoderKey::kTargetEncoder : EncoderKey::kEncoder;
}

StackSizes stack_sizes(const TensorMap& tensors, const std::string& blocks, std::optional<int64_t> heads,
                       const std::string& option, const std::string& source) {
  StackSizes sizes;
  while (tensors.contains(fmt::format("{}.{}.norm1.weight", blocks, sizes.depth))) ++sizes.depth;
  sizes.width = required(tensors, blocks + ".0.norm1.weight", 1, source).size(0);
  sizes.mlp = required(tensors, blocks + ".0.mlp.fc1.weight", 2, source).size(0);
  sizes.qkv_bias = tensors.contains(blocks + ".0.attn.qkv.bias");
  if (!heads && blocks == "blocks") heads = video_encoder_heads(sizes.width, sizes.depth);
  if (!heads && blocks == "predictor_blocks") heads = predictor_heads(sizes.width, sizes.depth);
  if (!heads)
    throw UnknownSizeError(
        fmt::format("{}: {} blocks of width {} are no published model, and the file does not say how "
                    "many attention heads they have",
                    source, sizes.depth, sizes.width),
        option);
  if (*heads < 1 || sizes.width % *heads != 0)
    fail<CheckpointError>("{}: {} attention heads: expected a divisor of the width {}", source, *heads, sizes.width);
  sizes.heads = *heads;
  return sizes;
}

void set_encoder_sizes(VideoEncoderConfig& config, const TensorMap& encoder, std::optional<int64_t> heads,
                       const std::string& source) {
  const StackSizes sizes = stack_sizes(encoder, "blocks", heads, "heads", source);
  const Tensor& kernel = required(encoder, "patch_embed.proj.weight", 5, source);  // [D, 3, t, p, p]
  config.width = sizes.width;
  config.depth = sizes.depth;
  config.heads = sizes.heads;
  config.mlp_ratio = sizes.mlp_ratio();
  config.qkv_bias = sizes.qkv_bias;
  config.tubelet_size = kernel.size(2);
  config.patch_size = kernel.size(3);
}

void set_predictor_sizes(MaskedPredictorConfig& config, const TensorMap& predictor, std::optional<int64_t> heads,
                         const std::string& source) {
  const StackSizes sizes = stack_sizes(predictor, "predictor_blocks", heads, "predictor_heads", source);
  config.width = sizes.width;
  config.depth = sizes.depth;
  config.heads = sizes.heads;
  config.mlp_ratio = sizes.mlp_ratio();
  config.qkv_bias = sizes.qkv_bias;
  config.mask_tokens = 0;
  while (predictor.contains(fmt::format("mask_tokens.{}", config.mask_tokens))) ++config.mask_tokens;
  if (config.mask_tokens == 0) fail<CheckpointError>("{}: the predictor has no mask tokens", source);
}

StackSizes probe_sizes(const TensorMap& probe, std::optional<int64_t> heads, const std::string& source) {
  constexpr int64_t kPublishedHeads = 16;  // of the official probes of every encoder
  const Tensor& queries = required(probe, "pooler.query_tokens", 3, source);
  if (!heads && queries.size(2) % kPublishedHeads == 0) heads = kPublishedHeads;
  if (probe.contains("pooler.blocks.0.norm1.weight"))
    return stack_sizes(probe, "pooler.blocks", heads, "probe_heads", source);
  if (!heads)
    throw UnknownSizeError(fmt::format("{}: the file does not say how many attention heads the probe has", source),
                           "probe_heads");
  const std::string cross = "pooler.cross_attention_block.";
  return {.width = queries.size(2),
          .depth = 0,
          .heads = *heads,
          .mlp = required(probe, cross + "mlp.fc1.weight", 2, source).size(0),
          .qkv_bias = probe.contains(cross + "xattn.q.bias")};
}

namespace {

/// Whether a file is one of a folder of transformers.
bool is_huggingface_file(const fs::path& path) {
  try {
    return fs::is_regular_file(path) && is_huggingface_folder(folder_around(path)) &&
           has_huggingface_names(WeightFile(path).names());
  } catch (const Error&) {
    return false;
  }
}

/// Keeps the networks that are wanted.
void drop_unwanted(Vjepa2Weights& weights, Vjepa2Parts parts) {
  if (parts != Vjepa2Parts::kEncoder) return;
  weights.predictor.clear();
  weights.action_predictor.clear();
}

/// A folder says its sizes itself: a line where others are asked for.
void say_unused_sizes(const fs::path& path, const Vjepa2ReadOptions& options, const Vjepa2Weights& weights) {
  const auto check = [&](const std::optional<int64_t>& asked, bool there, int64_t said, const char* what) {
    if (asked && there && *asked != said)
      log_warning("{}: its config says {} {}; {} are asked for, which is not used", path.string(), said, what, *asked);
  };
  check(options.heads, !weights.encoder.empty(), weights.config.encoder.heads, "attention heads");
  check(options.predictor_heads, !weights.predictor.empty(), weights.config.predictor.heads,
        "attention heads of the predictor");
  check(options.image_size, !weights.encoder.empty(), weights.config.encoder.image_size, "px of a training crop");
}

}  // namespace

Vjepa2Weights read_vjepa2(const fs::path& given, const Vjepa2ReadOptions& options, Vjepa2Parts parts) {
  const fs::path path = own_folder_of(given);
  Vjepa2Weights weights;
  try {
    if (is_huggingface_file(path)) {
      weights = read_huggingface(folder_around(path), options, path);
      say_unused_sizes(path, options, weights);
    } else if (!fs::is_directory(path)) {
      weights = read_official(path, options, parts);
    } else if (fs::path folder = open_model_folder(path); is_huggingface_folder(folder)) {
      weights = read_huggingface(folder, options);
      say_unused_sizes(folder, options, weights);
    } else {
      refuse_foreign_model(folder);
      weights = read_foresee(folder, options, parts);
      say_unused_sizes(folder, options, weights);
    }
    drop_unwanted(weights, parts);
    if (!weights.encoder.empty()) weights.config.encoder.validate();
    if (!weights.predictor.empty()) weights.config.predictor.validate();
  } catch (const ConfigError& error) {
    const std::string text = error.what();
    fail<CheckpointError>("{}{}", text.find(path.string()) == std::string::npos ? path.string() + ": " : "", text);
  }
  for (const TensorMap* tensors : {&weights.encoder, &weights.predictor, &weights.action_predictor})
    require_finite(path, *tensors, options.allow_nan);
  if (weights.probe) require_finite(path, weights.probe->tensors, options.allow_nan);
  return weights;
}

PictureSpec vjepa2_pictures(const fs::path& given, const Vjepa2ReadOptions& options) {
  const fs::path path = own_folder_of(given);
  if (is_huggingface_file(path)) return huggingface_pictures(folder_around(path));
  if (!fs::is_directory(path)) {
    const WeightFile file(path);
    const bool theirs = !file.has("classifiers.0.") && has_huggingface_names(file.names());
    return theirs ? huggingface_file_pictures(file, options) : official_pictures(path, options);
  }
  const fs::path folder = resolve_model_folder(path);
  if (is_huggingface_folder(folder)) return huggingface_pictures(folder);
  ModelFolder files;
  read_input_files(folder, files);
  return foresee_pictures(files.preprocess, peek_model_config(folder).value("family", std::string()));
}

Vjepa2Content vjepa2_content(const fs::path& given) {
  const fs::path path = own_folder_of(given);
  try {
    if (is_huggingface_file(path)) return Vjepa2Content::kVideo;
    if (!fs::is_directory(path)) return official_content(WeightFile(path));
    const fs::path folder = resolve_model_folder(path);
    if (is_huggingface_folder(folder)) return Vjepa2Content::kVideo;
    const auto family = read_json(folder / "config.json").value("family", std::string());
    if (family == kVjepa2AcFamily) return Vjepa2Content::kActions;
    return family == kVjepa2Family ? Vjepa2Content::kVideo : Vjepa2Content::kNone;
  } catch (const std::exception&) {
    return Vjepa2Content::kNone;
  }
}

LoadedVideoEncoder load_video_encoder(const fs::path& path, const Vjepa2ReadOptions& options) {
  const Vjepa2Weights weights = read_vjepa2(path, options, Vjepa2Parts::kEncoder);
  if (weights.encoder.empty()) fail<CheckpointError>("{}: holds no encoder", path.string());
  LoadedVideoEncoder loaded{std::make_shared<VideoEncoder>(weights.config.encoder), weights.preprocess};
  adopt_state_dict(*loaded.encoder, weights.encoder, path.string());
  for (auto& parameter : loaded.encoder->parameters()) parameter.requires_grad_(false);
  return loaded;
}

LoadedVideoEncoder load_video_encoder(const fs::path& path) { return load_video_encoder(path, {}); }

}  // namespace foresee
