#include "jepa/model/vjepa2/files/names.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "jepa/core/error.h"
#include "jepa/core/text/name_list.h"
#include "jepa/io/mapped_file.h"
#include "jepa/io/state_dict.h"

namespace foresee {
namespace {

using Network = Vjepa2Network;

/// One row: a module's path here and there; '#' is the number of a block. Where there are several on the other side,
/// our tensors are theirs laid one below the other.
struct NameRule {
  Network network;
  std::string_view official;
  std::array<std::string_view, 3> huggingface;

  size_t parts() const {
    return static_cast<size_t>(
        std::count_if(huggingface.begin(), huggingface.end(), [](std::string_view name) { return !name.empty(); }));
  }
};

// reference: transformers convert_vjepa2_to_hf.py and convert_vjepa2_classifier_to_hf.py
constexpr auto kE = Network::kEncoder, kP = Network::kPredictor, kQ = Network::kProbe;
constexpr std::string_view kMaskTokens = "predictor.embeddings.mask_tokens";  // [n, 1, 1, P] for n of [1, 1, P]
// clang-format off
constexpr NameRule kRules[] = {
    {kE, "patch_embed.proj", {"encoder.embeddings.patch_embeddings.proj"}},
    {kE, "blocks.#.norm1", {"encoder.layer.#.norm1"}},
    {kE, "blocks.#.attn.qkv", {"encoder.layer.#.attention.query", "encoder.layer.#.attention.key", "encoder.layer.#.attention.value"}},
    {kE, "blocks.#.attn.proj", {"encoder.layer.#.attention.proj"}},
    {kE, "blocks.#.norm2", {"encoder.layer.#.norm2"}},
    {kE, "blocks.#.mlp.fc1", {"encoder.layer.#.mlp.fc1"}},
    {kE, "blocks.#.mlp.fc2", {"encoder.layer.#.mlp.fc2"}},
    {kE, "norm", {"encoder.layernorm"}},
    {kP, "predictor_embed", {"predictor.embeddings.predictor_embeddings"}},
    {kP, "predictor_blocks.#.norm1", {"predictor.layer.#.norm1"}},
    {kP, "predictor_blocks.#.attn.qkv", {"predictor.layer.#.attention.query", "predictor.layer.#.attention.key", "predictor.layer.#.attention.value"}},
    {kP, "predictor_blocks.#.attn.proj", {"predictor.layer.#.attention.proj"}},
    {kP, "predictor_blocks.#.norm2", {"predictor.layer.#.norm2"}},
    {kP, "predictor_blocks.#.mlp.fc1", {"predictor.layer.#.mlp.fc1"}},
    {kP, "predictor_blocks.#.mlp.fc2", {"predictor.layer.#.mlp.fc2"}},
    {kP, "predictor_norm", {"predictor.layernorm"}},
    {kP, "predictor_proj", {"predictor.proj"}},
    {kQ, "pooler.query_tokens", {"pooler.query_tokens"}},
    {kQ, "pooler.cross_attention_block.norm1", {"pooler.cross_attention_layer.layer_norm1"}},
    {kQ, "pooler.cross_attention_block.xattn.q", {"pooler.cross_attention_layer.cross_attn.q_proj"}},
    {kQ, "pooler.cross_attention_block.xattn.kv", {"pooler.cross_attention_layer.cross_attn.k_proj", "pooler.cross_attention_layer.cross_attn.v_proj"}},
    {kQ, "pooler.cross_attention_block.norm2", {"pooler.cross_attention_layer.layer_norm2"}},
    {kQ, "pooler.cross_attention_block.mlp.fc1", {"pooler.cross_attention_layer.mlp.fc1"}},
    {kQ, "pooler.cross_attention_block.mlp.fc2", {"pooler.cross_attention_layer.mlp.fc2"}},
    {kQ, "pooler.blocks.#.norm1", {"pooler.self_attention_layers.#.layer_norm1"}},
    {kQ, "pooler.blocks.#.attn.qkv", {"pooler.self_attention_layers.#.self_attn.q_proj", "pooler.self_attention_layers.#.self_attn.k_proj", "pooler.self_attention_layers.#.self_attn.v_proj"}},
    {kQ, "pooler.blocks.#.attn.proj", {"pooler.self_attention_layers.#.self_attn.out_proj"}},
    {kQ, "pooler.blocks.#.norm2", {"pooler.self_attention_layers.#.layer_norm2"}},
    {kQ, "pooler.blocks.#.mlp.fc1", {"pooler.self_attention_layers.#.mlp.fc1"}},
    {kQ, "pooler.blocks.#.mlp.fc2", {"pooler.self_attention_layers.#.mlp.fc2"}},
    {kQ, "linear", {"classifier"}},
};
// clang-format on

/// "blocks.7.norm1.weight" as {stem "blocks.#.norm1", number "7", ending ".weight"}. Query tokens have no ending.
struct SplitName {
  std::string stem, number, ending;
};

SplitName split_name(std::string_view name) {
  SplitName split;
  for (const std::string_view ending : {".weight", ".bias"})
    if (name.ends_with(ending)) {
      split.ending = ending;
      name.remove_suffix(ending.size());
      break;
    }
  size_t begin = 0;
  while (begin <= name.size()) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    const bool number = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    if (begin > 0) split.stem += '.';
    split.stem += number && split.number.empty() ? "#" : part;
    if (number && split.number.empty()) split.number = part;
    begin = end + 1;
  }
  return split;
}

std::string join_name(std::string_view pattern, const SplitName& split) {
  std::string name(pattern);
  if (const size_t place = name.find('#'); place != std::string::npos) name.replace(place, 1, split.number);
  return name + split.ending;
}

/// " (a, b)"; nothing where there are none.
std::string in_brackets(const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format(" ({})", name_list(names));
}

/// Gives the pages of a tensor of a mapped file back.
void release(const Tensor& tensor) {
  if (tensor.is_cpu() && tensor.is_contiguous())
    release_pages({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
}

}  // namespace

TensorMap& Vjepa2Tensors::of(Network network) {
  return network == Network::kEncoder ? encoder : network == Network::kPredictor ? predictor : probe;
}

Vjepa2Tensors official_from_huggingface(const TensorMap& tensors, const std::string& source, bool mapped) {
  Vjepa2Tensors result;
  std::vector<std::string> unexpected, missing;
  struct Joint {
    Network network;
    std::array<const Tensor*, 3> parts{};
    std::array<std::string, 3> names;
    size_t count = 0;
  };
  std::map<std::string, Joint> joints;
  for (const auto& [full_name, tensor] : tensors) {
    std::string_view name = full_name;
    if (name.starts_with("vjepa2.")) name.remove_prefix(7);
    if (name == kMaskTokens && tensor.dim() == 4) {
      for (int64_t i = 0; i < tensor.size(0); ++i) result.predictor[fmt::format("mask_tokens.{}", i)] = tensor[i];
      continue;
    }
    const SplitName split = split_name(name);
    bool known = false;
    for (const NameRule& rule : kRules) {
      for (size_t part = 0; part < rule.parts() && !known; ++part) {
        if (rule.huggingface[part] != split.stem) continue;
        known = true;
        Joint& joint = joints[join_name(rule.official, split)];
        joint.network = rule.network;
        joint.count = rule.parts();
        joint.parts[part] = &tensor;
        for (size_t i = 0; i < rule.parts(); ++i) joint.names[i] = join_name(rule.huggingface[i], split);
      }
    }
    if (!known) unexpected.push_back(full_name);
  }
  for (const auto& [name, joint] : joints)
    for (size_t i = 0; i < joint.count; ++i)
      if (!joint.parts[i]) missing.push_back(joint.names[i]);
  if (!missing.empty() || !unexpected.empty())
    fail<CheckpointError>("{}: weights do not fit transformers' VJEPA2: {} missing{}, {} unexpected{}{}", source,
                          missing.size(), in_brackets(missing), unexpected.size(), in_brackets(unexpected),
                          what_they_are(unexpected));
  for (const auto& [name, joint] : joints) {
    TensorMap& target = result.of(joint.network);
    if (joint.count == 1) {
      target[name] = *joint.parts[0];
      continue;
    }
    std::vector<Tensor> parts;
    for (size_t i = 0; i < joint.count; ++i) {
      parts.push_back(*joint.parts[i]);
      if (parts[i].dim() == 0 || parts[i].sizes().slice(1) != parts[0].sizes().slice(1))
        fail<CheckpointError>("{}: '{}' {} does not fit '{}' {}", source, joint.names[i], describe(parts[i]),
                              joint.names[0], describe(parts[0]));
    }
    target[name] = at::cat(parts, 0);
    for (const Tensor& part : parts)
      if (mapped) release(part);
  }
  return result;
}

TensorMap huggingface_from_official(const Vjepa2Tensors& tensors) {
  TensorMap result;
  Vjepa2Tensors all = tensors;
  const std::string prefix = tensors.probe.empty() ? "" : "vjepa2.";
  std::vector<Tensor> mask_tokens;
  while (all.predictor.contains(fmt::format("mask_tokens.{}", mask_tokens.size()))) {
    const auto found = all.predictor.find(fmt::format("mask_tokens.{}", mask_tokens.size()));
    mask_tokens.push_back(found->second);
    all.predictor.erase(found);
  }
  if (!mask_tokens.empty()) result[prefix + std::string(kMaskTokens)] = at::stack(mask_tokens);
  for (const Network network : {kE, kP, kQ}) {
    for (const auto& [name, tensor] : all.of(network)) {
      const SplitName split = split_name(name);
      const auto* rule = std::find_if(std::begin(kRules), std::end(kRules), [&](const NameRule& candidate) {
        return candidate.network == network && candidate.official == split.stem;
      });
      if (rule == std::end(kRules)) fail<CheckpointError>("transformers' VJEPA2 has no name for the tensor '{}'", name);
      const auto parts = static_cast<int64_t>(rule->parts());
      const auto chunks = parts == 1 ? std::vector<Tensor>{tensor} : tensor.chunk(parts, 0);
      for (size_t i = 0; i < chunks.size(); ++i)
        result[(network == kQ ? "" : prefix) + join_name(rule->huggingface[i], split)] = chunks[i];
    }
  }
  return result;
}

}  // namespace foresee
