#include "jepa/model/lewm/predictor.h"

#include "jepa/core/error.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"

namespace foresee {

LewmPredictor::LewmPredictor(torch::nn::Module& module, const std::string& path, const LewmPredictorConfig& c,
                             int64_t embedding)
    : config(c) {
  const std::string transformer = path + ".transformer";
  positions = add_parameter(module, path + ".pos_embedding", {1, c.frames, embedding});
  norm = add_norm(module, transformer + ".norm", c.width);
  if (embedding != c.width) {
    input_projection = add_linear(module, transformer + ".input_proj", embedding, c.width);
    condition_projection = add_linear(module, transformer + ".cond_proj", embedding, c.width);
    output_projection = add_linear(module, transformer + ".output_proj", c.width, embedding);
  }
  const AdaLnSizes sizes{c.width, c.heads, c.head_dim, c.mlp, c.own_norms()};
  for (int64_t i = 0; i < c.layers; ++i)
    blocks.emplace_back(module, fmt::format("{}.layers.{}", transformer, i), sizes);
}

Tensor LewmPredictor::forward(const Tensor& embeddings, const Tensor& actions, Dropout* dropout) const {
  const int64_t frames = embeddings.size(1);
  FORESEE_CHECK(embeddings.dim() == 3 && frames <= config.frames && embeddings.sizes() == actions.sizes(),
                "expected embeddings and actions [B, T <= {}, D], got {} and {}", config.frames, describe(embeddings),
                describe(actions));
  Tensor x = drop(dropout, embeddings + positions.slice(1, 0, frames), config.embedding_dropout), c = actions;
  if (input_projection.weight.defined()) {
    x = input_projection.linear(x);
    c = condition_projection.linear(c);
  }
  for (const auto& block : blocks) x = block.forward(x, block.modulation(c), dropout, config.dropout);
  x = norm.layer_norm(x, config.last_eps());
  return output_projection.weight.defined() ? output_projection.linear(x) : x;
}

}  // namespace foresee
