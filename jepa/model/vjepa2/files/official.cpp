#include <fmt/ranges.h>

#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/model/vjepa2/files/names.h"
#include "jepa/model/vjepa2/files/readers.h"

namespace foresee {
namespace {

using Kind = PickleValue::Kind;

/// The keys of a dict that are texts.
std::vector<std::string> keys_of(const PickleValue& dict) {
  std::vector<std::string> keys;
  if (dict.is(Kind::kDict))
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2)
      if (dict.items[i]->is(Kind::kString)) keys.emplace_back(dict.items[i]->text);
  return keys;
}

/// Whether a dict's keys, wrappers off, have one that begins so.
bool has_tensors(const PickleValue* dict, std::string_view beginning) {
  if (dict != nullptr)
    for (const std::string& key : keys_of(*dict))
      if (without_wrappers(key).starts_with(beginning)) return true;
  return false;
}

/// V-JEPA 2.1 differs in positions, norms and tokenizer; its tensors give it away.
void refuse_later_version(const PtFile& file) {
  bool later = file.root().find("ema_encoder") != nullptr;
  for (const char* network : {"encoder", "target_encoder", "ema_encoder", "predictor"}) {
    const PickleValue* dict = file.root().find(network);
    later = later || has_tensors(dict, "norms_block") || has_tensors(dict, "patch_embed_img") ||
            has_tensors(dict, "predictor_proj_context");
  }
  later = later || has_tensors(&file.root(), "norms_block") || has_tensors(&file.root(), "patch_embed_img");
  if (later)
    fail<CheckpointError>(
        "{}: a V-JEPA 2.1 checkpoint (norms_block, patch_embed_img or ema_encoder), which is another architecture; "
        "V-JEPA 2 is read (vitl.pt, vith.pt, vitg.pt, vitg-384.pt, vjepa2-ac-vitg.pt and their probes)",
        file.path().string());
}

/// A network's tensors under their bare names. The position tables of files before RoPE are not used, as upstream.
TensorMap network(const PtFile& file, const PickleValue& dict, const std::string& key) {
  TensorMap tensors;
  for (auto& [name, tensor] : file.tensors(dict, key)) {
    const std::string bare = without_wrappers(name);
    if (bare == "pos_embed" || bare == "predictor_pos_embed") continue;
    if (!tensors.emplace(bare, tensor).second)
      fail<CheckpointError>("{}: '{}' has two tensors for '{}'", file.path().string(), key, bare);
  }
  return tensors;
}

ProbeWeights read_probe(const PtFile& file, const PickleValue& classifiers, const Vjepa2ReadOptions& options) {
  const std::string source = file.path().string();
  const auto count = static_cast<int64_t>(classifiers.items.size());
  if (!classifiers.is(Kind::kList) || count == 0)
    fail<CheckpointError>("{}: expected a list of classifiers, got {}", source, classifiers.describe());
  if (options.classifier < 0 || options.classifier >= count)
    fail<CheckpointError>("{}: classifier {} of {}", source, options.classifier, count);
  const auto index = static_cast<size_t>(options.classifier);
  ProbeWeights probe;
  probe.tensors = network(file, *classifiers.items[index], fmt::format("classifiers.{}", index));
  probe.sizes = probe_sizes(probe.tensors, options.probe_heads, source);
  return probe;
}

}  // namespace

Vjepa2Content official_content(const PtFile& file) {
  const PickleValue& root = file.root();
  if (root.find("classifiers")) return Vjepa2Content::kVideo;
  const bool encodes = has_tensors(root.find("encoder"), "patch_embed") ||
                       has_tensors(root.find("target_encoder"), "patch_embed") || has_tensors(&root, "patch_embed") ||
                       root.find("ema_encoder");
  if (!encodes) return Vjepa2Content::kNone;
  return has_tensors(root.find("predictor"), "action_encoder") ? Vjepa2Content::kActions : Vjepa2Content::kVideo;
}

PictureSpec official_pictures(const std::filesystem::path& path, const Vjepa2ReadOptions& options) {
  // Meta's files do not hold the size of training crops, but the names of those at 384 px do.
  const int64_t guessed = path.stem().string().find("384") != std::string::npos ? 384 : 256;
  const PictureSpec spec{.size = options.image_size.value_or(guessed),
                         .colours = "swscale"};  // of the video reader that upstream's training used
  return with_transform(spec, PictureTransform::kOfficial);
}

Vjepa2Weights read_official(const std::filesystem::path& path, const Vjepa2ReadOptions& options) {
  const PtFile file(path);
  const PickleValue& root = file.root();
  refuse_later_version(file);
  if (official_content(file) == Vjepa2Content::kNone)
    fail<CheckpointError>(
        "{}: not a checkpoint of V-JEPA 2: expected the keys encoder, target_encoder or classifiers, got {}",
        path.string(), fmt::join(keys_of(root), ", "));
  Vjepa2Weights weights{.source = path.string(), .format = "official"};
  weights.preprocess = official_pictures(path, options);
  weights.config.encoder.image_size = weights.preprocess.size;
  weights.config.encoder.frames = options.frames.value_or(64);  // torch.hub's num_frames
  if (const PickleValue* classifiers = root.find("classifiers")) {
    weights.probe = read_probe(file, *classifiers, options);
    return weights;
  }

  const PickleValue* predictor = root.find("predictor");
  const bool actions = has_tensors(predictor, "action_encoder");
  const bool has_encoder = root.find("encoder") != nullptr, has_target = root.find("target_encoder") != nullptr;
  const EncoderKey taken = taken_encoder(options.weights, has_encoder, has_target, actions || options.trained_on);
  const std::string key = taken == EncoderKey::kTargetEncoder ? "target_encoder" : "encoder";
  const bool bare = has_tensors(&root, "patch_embed");  // torch.save of an encoder's state dict
  if (!bare) weights.taken = key;
  if (!bare && has_encoder && has_target)
    log_info("{}: {} is taken, of encoder and target_encoder (its moving average)", path.string(), key);
  weights.encoder = bare ? network(file, root, "the state dict") : network(file, file.at(key), key);
  set_encoder_sizes(weights.config.encoder, weights.encoder, options.heads, weights.source);
  if (bare || predictor == nullptr) return weights;
  if (actions) {
    weights.action_predictor = network(file, *predictor, "predictor");
    weights.action_sizes =
        stack_sizes(weights.action_predictor, "predictor_blocks", options.action_heads, "action_heads", weights.source);
  } else {
    weights.predictor = network(file, *predictor, "predictor");
    set_predictor_sizes(weights.config.predictor, weights.predictor, options.predictor_heads, weights.source);
  }
  return weights;
}

}  // namespace foresee
