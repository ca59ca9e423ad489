#include "jepa/model/lewm/files/from_tensors.h"

#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/lewm/files/torch_world.h"

namespace foresee {
namespace {

constexpr std::string_view kToken = "encoder.embeddings.cls_token", kActions = "action_encoder.patch_embed.weight",
                           kActionsLater = "action_embed.patch_embed.weight", kPositions = "predictor.pos_embedding",
                           kPatches = "encoder.embeddings.patch_embeddings.projection.weight";

/// Sizes of named tensors, each checked to be there.
class Shapes {
 public:
  Shapes(const TensorMap& tensors, std::string source) : tensors_(tensors), source_(std::move(source)) {}

  int64_t size(const std::string& name, int64_t axis) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) fail<CheckpointError>("{}: no tensor '{}'", source_, name);
    if (axis >= found->second.dim() || found->second.size(axis) < 1)
      fail<CheckpointError>("{}: '{}' {}: expected an axis {}", source_, name, describe(found->second), axis);
    return found->second.size(axis);
  }
  /// How many N there are with "FRONT.N.BACK".
  int64_t count(const std::string& front, const std::string& back) const {
    int64_t n = 0;
    while (tensors_.contains(fmt::format("{}.{}.{}", front, n, back))) ++n;
    if (n == 0) fail<CheckpointError>("{}: no tensor '{}.0.{}'", source_, front, back);
    return n;
  }

 private:
  const TensorMap& tensors_;
  std::string source_;
};

/// Heads of Hugging Face's ViT of a width (stable_pretraining.backbone.utils.vit_hf).
std::optional<int64_t> vit_heads(int64_t width) {
  constexpr std::pair<int64_t, int64_t> kKnown[] = {{192, 3}, {384, 6}, {768, 12}, {1024, 16}, {1280, 16}};
  for (const auto& [known, heads] : kKnown)
    if (width == known) return heads;
  return std::nullopt;
}

/// The place of the LeWM whose first token stands behind `front`; nothing where that is another network's.
std::optional<LewmPlace> place_at(const BareNames& names, const std::string& front) {
  if (names.stored.contains(front + std::string(kActions))) return LewmPlace{front};
  // "jepas.0.encoder.encoder.embeddings.cls_token": one level of modules more.
  constexpr std::string_view kInner = "encoder.";
  if (!front.ends_with(kInner)) return std::nullopt;
  const std::string below = front.substr(0, front.size() - kInner.size());
  const bool first = below.empty() || below.ends_with("jepas.0.");
  const bool acts =
      names.stored.contains(below + std::string(kActions)) || names.stored.contains(below + std::string(kActionsLater));
  if (first && acts && names.stored.contains(below + "predictor." + std::string(kPositions)))
    return LewmPlace{below, LewmPlace::Names::kHierarchy};
  return std::nullopt;
}

/// Tensors of H-JEPA's first level under LeWM's names.
TensorMap from_hierarchy(const TensorMap& tensors) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"encoder.encoder.", "encoder."},       {"encoder.projector.", "projector."},
      {"predictor.predictor.", "predictor."}, {"predictor.projector.", "pred_proj."},
      {"action_encoder.", "action_encoder."}, {"action_embed.", "action_encoder."}};
  TensorMap renamed;
  for (const auto& [name, tensor] : tensors) {
    if (name == "encoder.encoder.embeddings.mask_token") continue;  // of masked training; nothing here uses it
    for (const auto& [theirs, ours] : kNames)
      if (name.starts_with(theirs)) {
        renamed.emplace(std::string(ours) + name.substr(theirs.size()), tensor);
        break;
      }
  }
  return renamed;
}

}  // namespace

std::vector<LewmPlace> lewm_places(const BareNames& names) {
  std::vector<LewmPlace> places;
  for (const std::string& front : names.before(kToken))
    if (const auto place = place_at(names, front)) places.push_back(*place);
  for (const std::string& front : names.before(kTorchWorldToken))
    if (names.stored.contains(front + kTorchWorldBlock)) places.push_back({front, LewmPlace::Names::kTorchWorld});
  return places;
}

TensorMap lewm_tensors(const WeightFile& file, const ReadOptions& options) {
  const std::vector<LewmPlace> places = lewm_places(file.names());
  const std::string where = file.path().string();
  if (places.empty())
    fail<CheckpointError>("{}: expected the tensors of a LeWM (encoder.embeddings.cls_token, ...); it holds {}", where,
                          file.summary());
  if (places.size() > 1) {
    std::vector<std::string> texts;
    for (const LewmPlace& place : places) texts.push_back("'" + place.before + "'");
    fail<CheckpointError>("{}: {} LeWMs, expected one; their names begin with {}; save the wanted one alone", where,
                          places.size(), fmt::join(texts, ", "));
  }
  TensorMap tensors;
  for (const char* network : {"encoder.", "projector.", "action_encoder.", "action_embed.", "predictor.", "pred_proj.",
                              "state_encoder.", "inverse_head.", "distance_head.", "picture_decoder.", "pos_embed"})
    for (const auto& [name, tensor] : file.tensors(places.front().before + network))
      tensors.emplace(network + name, tensor);
  switch (places.front().names) {
    case LewmPlace::Names::kHierarchy:
      return from_hierarchy(tensors);
    case LewmPlace::Names::kTorchWorld:
      return from_torch_world(tensors, options, where);
    case LewmPlace::Names::kOwn:
      break;
  }
  return tensors;
}

int64_t lewm_image_size(const TensorMap& tensors, const ReadOptions& options, const std::string& source) {
  if (options.image_size) return *options.image_size;
  const Shapes shapes(tensors, source);
  const auto positions = static_cast<double>(shapes.size("encoder.embeddings.position_embeddings", 1) - 1);
  return static_cast<int64_t>(std::llround(std::sqrt(positions))) * shapes.size(std::string(kPatches), 3);
}

LewmConfig lewm_config_from_tensors(const TensorMap& tensors, const ReadOptions& options, const std::string& source) {
  constexpr int64_t kHeadWidth = 64;  // of every published predictor
  const Shapes shapes(tensors, source);
  LewmConfig config;
  LewmVitConfig& vit = config.vit;
  const std::string layers = "encoder.encoder.layer";
  vit.width = shapes.size(std::string(kPatches), 0);
  vit.patch = shapes.size(std::string(kPatches), 3);
  vit.image_size = lewm_image_size(tensors, options, source);
  vit.layers = shapes.count(layers, "layernorm_before.weight");
  vit.mlp = shapes.size(layers + ".0.intermediate.dense.weight", 0);
  const auto heads = options.heads ? options.heads : vit_heads(vit.width);
  if (!heads)
    throw UnknownSizeError(
        fmt::format("{}: an image encoder of width {} is no published model, and the file does not say how many "
                    "attention heads it has",
                    source, vit.width),
        "heads");
  vit.heads = *heads;
  const int64_t queries = shapes.size(layers + ".0.attention.attention.query.weight", 0);
  if (queries != vit.width) {
    if (queries % vit.heads != 0)
      fail<CheckpointError>("{}: {} attention heads: expected a divisor of {}", source, vit.heads, queries);
    vit.head_dim = queries / vit.heads;
  }

  LewmPredictorConfig& predictor = config.predictor;
  const std::string blocks = "predictor.transformer.layers", inner = blocks + ".0.attn.to_qkv.weight";
  predictor.frames = shapes.size(std::string(kPositions), 1);
  predictor.layers = shapes.count(blocks, "attn.to_qkv.weight");
  predictor.width = shapes.size(inner, 1);
  predictor.mlp = shapes.size(blocks + ".0.mlp.net.1.weight", 0);
  const int64_t attention = shapes.size(inner, 0) / 3;
  if (!options.predictor_heads && attention % kHeadWidth != 0)
    throw UnknownSizeError(fmt::format("{}: the file does not say how many attention heads the predictor has", source),
                           "predictor_heads");
  predictor.heads = options.predictor_heads.value_or(attention / kHeadWidth);
  if (predictor.heads < 1 || attention % predictor.heads != 0)
    fail<CheckpointError>("{}: {} attention heads: expected a divisor of {}", source, predictor.heads, attention);
  predictor.head_dim = attention / predictor.heads;
  if (tensors.contains(blocks + ".0.attn.to_qkv.bias")) {
    predictor.blocks = LewmBlocks::kDit;
    vit.eps = predictor.last_eps();
  }

  config.embedding = shapes.size("projector.net.3.weight", 0);
  config.projector_hidden = shapes.size("projector.net.0.weight", 0);
  config.prediction_hidden = shapes.size("pred_proj.net.0.weight", 0);
  config.action_smoothed = shapes.size(std::string(kActions), 0);
  config.action_block = shapes.size(std::string(kActions), 1);
  config.action_mlp_scale = shapes.size("action_encoder.embed.0.weight", 0) / config.embedding;
  config.validate();
  return config;
}

}  // namespace foresee
