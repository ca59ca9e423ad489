#pragma once

#include <nlohmann/json.hpp>

namespace foresee::parity {

/// Takes what cases of the V-JEPA 2 kinds say of their networks into `model`, a config with an encoder and a predictor:
/// patch and tubelet, sizes of both stacks, epsilon and biases.
template <class Config>
void read_sizes(const nlohmann::json& config, Config& model) {
  const auto &encoder = config.at("encoder"), &predictor = config.at("predictor");
  model.encoder.patch_size = config.at("patch_size").get<int64_t>();
  model.encoder.tubelet_size = config.at("tubelet_size").get<int64_t>();
  model.encoder.width = encoder.at("embed_dim").template get<int64_t>();
  model.encoder.depth = encoder.at("depth").template get<int64_t>();
  model.encoder.heads = encoder.at("num_heads").template get<int64_t>();
  model.encoder.mlp_ratio = encoder.value("mlp_ratio", 4.0);
  model.predictor.width = predictor.at("dim").template get<int64_t>();
  model.predictor.depth = predictor.at("depth").template get<int64_t>();
  model.predictor.heads = predictor.at("heads").template get<int64_t>();
  model.predictor.mlp_ratio = predictor.value("mlp_ratio", 4.0);
  model.encoder.layer_norm_eps = model.predictor.layer_norm_eps = config.value("layer_norm_eps", 1e-6);
  model.encoder.qkv_bias = model.predictor.qkv_bias = config.value("qkv_bias", true);
}

}  // namespace foresee::parity
