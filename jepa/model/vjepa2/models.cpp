#include "jepa/model/vjepa2/models.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"

namespace foresee {
namespace {

template <class Module>
std::shared_ptr<Module> loaded(std::shared_ptr<Module> module, const TensorMap& tensors, const std::string& source) {
  adopt_state_dict(*module, tensors, source);
  for (auto& parameter : module->parameters()) parameter.requires_grad_(false);
  return module;
}

}  // namespace

std::shared_ptr<VideoEncoder> make_encoder(const Vjepa2Weights& weights) {
  if (weights.encoder.empty()) fail<CheckpointError>("{}: holds no encoder", weights.source);
  return loaded(std::make_shared<VideoEncoder>(weights.config.encoder), weights.encoder, weights.source);
}

std::shared_ptr<MaskedPredictor> make_predictor(const Vjepa2Weights& weights) {
  if (weights.predictor.empty()) fail<CheckpointError>("{}: holds no masked predictor", weights.source);
  return loaded(std::make_shared<MaskedPredictor>(weights.config.predictor, weights.config.encoder), weights.predictor,
                weights.source);
}

ProbeConfig probe_config(const ProbeWeights& weights) {
  ProbeConfig config;
  config.width = weights.sizes.width;
  config.heads = weights.sizes.heads;
  config.depth = weights.sizes.depth + 1;
  config.mlp_ratio = weights.sizes.mlp_ratio();
  config.layer_norm_eps = weights.layer_norm_eps;
  config.qkv_bias = weights.sizes.qkv_bias;
  config.outputs.clear();
  config.classes.clear();
  for (const char* output : {"linear", "verb_classifier", "noun_classifier", "action_classifier"}) {
    const auto found = weights.tensors.find(std::string(output) + ".weight");
    if (found == weights.tensors.end()) continue;
    config.outputs.emplace_back(output);
    config.classes.push_back(found->second.size(0));
  }
  return config;
}

std::shared_ptr<AttentiveProbe> make_probe(const ProbeWeights& weights, const std::string& source) {
  return loaded(std::make_shared<AttentiveProbe>(probe_config(weights)), weights.tensors, source);
}

}  // namespace foresee
