#include "jepa/model/lewm/files/torch_world.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

/// Beginnings of names, longer ones first; what follows stays. The number of a block stands between.
constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"encoder.vit.cls_token", "encoder.embeddings.cls_token"},
    {"encoder.vit.patch_embed.proj.", "encoder.embeddings.patch_embeddings.projection."},
    {"encoder.vit.transformer.norm.", "encoder.layernorm."},
    {"projector.", "projector.net."},
    {"action_encoder.0.", "action_encoder.patch_embed."},
    {"action_encoder.1.", "action_encoder.embed."},
    {"pos_embed", "predictor.pos_embedding"},
    {"predictor.norm.", "predictor.transformer.norm."},
    {"pred_proj.", "pred_proj.net."}};

/// Parts of a block, of the ViT and of the predictor. The MLP's second map is number 2, or 3 behind a dropout.
constexpr std::pair<std::string_view, std::string_view> kVitParts[] = {
    {"norm1.", "layernorm_before."}, {"attn.proj.", "attention.output.dense."},
    {"norm2.", "layernorm_after."},  {"mlp.0.", "intermediate.dense."},
    {"mlp.2.", "output.dense."},     {"mlp.3.", "output.dense."}};
constexpr std::pair<std::string_view, std::string_view> kPredictorParts[] = {
    {"attn.qkv.", "attn.to_qkv."}, {"attn.proj.", "attn.to_out.0."}, {"mlp.0.", "mlp.net.1."},
    {"mlp.2.", "mlp.net.4."},      {"mlp.3.", "mlp.net.4."},         {"modulation.1.", "adaLN_modulation.1."}};

template <size_t N>
std::optional<std::string> renamed(std::string_view name,
                                   const std::pair<std::string_view, std::string_view> (&table)[N]) {
  for (const auto& [theirs, ours] : table)
    if (name.starts_with(theirs)) return std::string(ours) + std::string(name.substr(theirs.size()));
  return std::nullopt;
}

/// "3.norm1.weight" behind "encoder.vit.transformer.blocks.": the number with its dot, and the rest.
std::optional<std::pair<std::string_view, std::string_view>> block_of(std::string_view name, std::string_view blocks) {
  if (!name.starts_with(blocks)) return std::nullopt;
  const std::string_view rest = name.substr(blocks.size());
  const size_t dot = rest.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return std::pair(rest.substr(0, dot + 1), rest.substr(dot + 1));
}

/// Sines, then cosines, of places along one axis. @param places  double [N]. @returns double [N, width].
Tensor waves(const Tensor& places, int64_t width) {
  const int64_t half = width / 2;
  const Tensor omega = at::pow(10000.0, at::arange(half, at::kDouble) / (static_cast<double>(width) / 2)).reciprocal();
  const Tensor angles = at::outer(places, omega);
  return at::cat({angles.sin(), angles.cos()}, 1);
}

/// torch_world.nn.positional.sincos_2d with a row of zeros for the class token. @returns float [1, 1 + side^2, width].
Tensor positions(int64_t side, int64_t width) {
  const Tensor places = at::arange(side * side, at::kDouble);
  const Tensor rows = at::floor(places / static_cast<double>(side)),
               columns = places - rows * static_cast<double>(side);
  const Tensor grid = at::cat({waves(rows, width / 2), waves(columns, width / 2)}, 1);
  return at::cat({at::zeros({1, width}, at::kDouble), grid}).to(at::kFloat).unsqueeze(0);
}

void add_vit_block(TensorMap& out, const std::string& at, std::string_view part, const Tensor& tensor) {
  constexpr std::string_view kJoint = "attn.qkv.";
  if (part.starts_with(kJoint)) {
    const std::string end(part.substr(kJoint.size()));
    if (tensor.dim() < 1 || tensor.size(0) % 3 != 0)
      fail<CheckpointError>("{}attn.qkv.{} {}: expected queries, keys and values, as many of each", at, end,
                            describe(tensor));
    const auto thirds = tensor.chunk(3, 0);
    for (size_t i = 0; i < 3; ++i)
      out.emplace(at + "attention.attention." +
                      (i == 0   ? "query."
                       : i == 1 ? "key."
                                : "value.") +
                      end,
                  thirds[i].contiguous());
  } else {
    out.emplace(at + renamed(part, kVitParts).value_or(std::string(part)), tensor);
  }
}

const nlohmann::json& object_at(const nlohmann::json& config, const char* key) {
  static const nlohmann::json kNone = nlohmann::json::object();
  if (!config.is_object()) return kNone;
  const auto found = config.find(key);
  return found != config.end() && found->is_object() ? *found : kNone;
}

/// A size that a config.json says, where no option does.
void fill(std::optional<int64_t>& option, const nlohmann::json& object, const char* key, const std::string& where) {
  if (option || !object.is_object() || !object.contains(key) || object[key].is_null()) return;
  if (!object[key].is_number_integer() || object[key].get<int64_t>() < 1)
    fail<CheckpointError>("{}: {}: expected a positive integer, got {}", where, key, object[key].dump());
  option = object[key].get<int64_t>();
}

}  // namespace

ReadOptions with_torch_world_sizes(const ReadOptions& options, const nlohmann::json& config, const std::string& where) {
  const nlohmann::json& encoder = object_at(config, "encoder");
  for (const char* key : {"use_rope", "resize"})
    if (encoder.contains(key) && encoder[key] != false)
      fail<CheckpointError>("{}: encoder.{}: of torch-world's encoders those without are read", where, key);
  ReadOptions filled = options;
  fill(filled.image_size, encoder, "img_size", where);
  fill(filled.heads, encoder, "num_heads", where);
  fill(filled.predictor_heads, config, "num_heads", where);
  return filled;
}

TensorMap from_torch_world(const TensorMap& tensors, const ReadOptions& options, const std::string& where) {
  TensorMap out;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with("sigreg.")) continue;  // of the loss
    if (const auto block = block_of(name, "encoder.vit.transformer.blocks."))
      add_vit_block(out, fmt::format("encoder.encoder.layer.{}", block->first), block->second, tensor);
    else if (const auto later = block_of(name, "predictor.blocks."))
      out.emplace(fmt::format("predictor.transformer.layers.{}", later->first) +
                      renamed(later->second, kPredictorParts).value_or(std::string(later->second)),
                  tensor);
    else
      out.emplace(renamed(name, kNames).value_or(name), tensor);
  }
  const auto first = out.find("action_encoder.patch_embed.weight");
  const auto patch = tensors.find("encoder.vit.patch_embed.proj.weight");
  if (first == out.end() || first->second.dim() != 2 || patch == tensors.end() || patch->second.dim() != 4)
    fail<CheckpointError>("{}: a LeWM of torch-world without action_encoder.0 or encoder.vit.patch_embed.proj", where);
  first->second = first->second.unsqueeze(-1);  // a convolution of width 1 here
  if (!options.image_size)
    throw UnknownSizeError(
        fmt::format("{}: a LeWM of torch-world, and the file does not say the size of its pictures", where),
        "image_size");
  const int64_t width = patch->second.size(0), side = *options.image_size / patch->second.size(3);
  if (width % 4 != 0 || side < 1)
    fail<CheckpointError>(
        "{}: pictures of {} px and tokens of {} numbers: expected at least a patch of {} px, and a "
        "multiple of 4",
        where, *options.image_size, width, patch->second.size(3));
  out.emplace("encoder.embeddings.position_embeddings", positions(side, width));
  return out;
}

}  // namespace foresee
