#include "jepa/model/lewm.h"

#include <torch/torch.h>

#include <algorithm>

#include "jepa/core/error.h"

namespace foresee {

LewmImpl::LewmImpl(const LewmConfig& c)
    : config(c),
      vit(*this, "encoder", c.vit),
      projector(*this, "projector", c.vit.width, c.projector_hidden, c.embedding),
      prediction_projector(*this, "pred_proj", c.embedding, c.prediction_hidden, c.embedding),
      predictor(*this, "predictor", c.predictor, c.embedding) {
  c.validate();
  action_weight = add_parameter(*this, "action_encoder.patch_embed.weight", {c.action_smoothed, c.action_block, 1});
  action_bias = add_parameter(*this, "action_encoder.patch_embed.bias", {c.action_smoothed});
  const int64_t hidden = c.action_mlp_scale * c.embedding;
  action_in = add_linear(*this, "action_encoder.embed.0", c.action_smoothed, hidden);
  action_out = add_linear(*this, "action_encoder.embed.2", hidden, c.embedding);
}

Tensor LewmImpl::embed(const Tensor& frames, const Preprocess& preprocess) const {
  const Tensor patches = picture_patches(frames, preprocess, config.vit.patch);
  const Tensor encoded = vit.encode(patches, frames.size(2) / config.vit.patch, frames.size(3) / config.vit.patch);
  return projector.forward(encoded, is_training());
}

Tensor LewmImpl::embed_actions(const Tensor& actions) const {
  FORESEE_CHECK(actions.size(-1) == config.action_block, "expected action blocks of {} numbers, got {}",
                config.action_block, describe(actions));
  const Tensor smoothed = at::linear(actions, action_weight.squeeze(2), action_bias);
  return action_out.linear(at::silu(action_in.linear(smoothed)));
}

Tensor LewmImpl::predict(const Tensor& embeddings, const Tensor& actions, Dropout* dropout) const {
  const Tensor next = predictor.forward(embeddings, actions, dropout);
  return prediction_projector.forward(next.flatten(0, 1), is_training()).view_as(next);
}

Tensor LewmImpl::rollout(const Tensor& embeddings, const Tensor& actions) const {
  const int64_t history = embeddings.size(1), steps = actions.size(1) - history + 1;
  FORESEE_CHECK(history >= 1 && steps >= 1, "expected at least one frame and one block after it, got {} and {}",
                describe(embeddings), describe(actions));
  const Tensor embedded = embed_actions(actions);
  std::vector<Tensor> states = embeddings.unbind(1);
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t end = history + step, begin = std::max<int64_t>(0, end - config.predictor.frames);
    const Tensor window = at::stack(at::ArrayRef<Tensor>(states).slice(static_cast<size_t>(begin)), 1);
    states.push_back(predict(window, embedded.slice(1, begin, end)).select(1, end - begin - 1));
  }
  return at::stack(states, 1);
}

}  // namespace foresee
