#include "jepa/model/lewm/lewm.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/parameter_tree.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {
constexpr int64_t kStateHidden = 64;  // width between proprioception and the ViT's
}

LewmImpl::LewmImpl(const LewmConfig& c)
    : config(c),
      vit(*this, "encoder", c.vit),
      projector(*this, "projector", c.vit.width, c.projector_hidden, c.embedding),
      prediction_projector(*this, "pred_proj", c.embedding, c.prediction_hidden, c.embedding) {
  c.validate();
  if (c.predictor.kind == LewmPredictorKind::kPrefix)
    prefix.emplace(*this, "predictor", c.predictor, c.embedding);
  else
    predictor.emplace(*this, "predictor", c.predictor, c.embedding);
  action_weight = add_parameter(*this, "action_encoder.patch_embed.weight", {c.action_smoothed, c.action_block, 1});
  action_bias = add_parameter(*this, "action_encoder.patch_embed.bias", {c.action_smoothed});
  const int64_t hidden = c.action_mlp_scale * c.embedding;
  action_in = add_linear(*this, "action_encoder.embed.0", c.action_smoothed, hidden);
  action_out = add_linear(*this, "action_encoder.embed.2", hidden, c.embedding);
  if (c.proprioception > 0) {
    state_in = add_linear(*this, "state_encoder.0", c.proprioception, kStateHidden);
    state_out = add_linear(*this, "state_encoder.2", kStateHidden, c.vit.width);
    state_mean = add_buffer(*this, "state_encoder.mean", at::zeros({c.proprioception}, at::kFloat));
    state_std = add_buffer(*this, "state_encoder.std", at::ones({c.proprioception}, at::kFloat));
  }
  const LewmHeadsConfig& heads = c.heads;
  if (heads.inverse_hidden > 0)
    inverse.emplace(*this, "inverse_head", c.embedding, heads.inverse_hidden, c.action_block);
  if (heads.distance_hidden > 0) distance.emplace(*this, "distance_head", c.embedding, heads.distance_hidden);
  if (heads.decoder_width > 0)
    decoder.emplace(*this, "picture_decoder", c.embedding, heads.decoder_width, c.vit.image_size);
}

void LewmImpl::set_proprioception_statistics(const std::vector<double>& mean, const std::vector<double>& std) {
  FORESEE_CHECK(static_cast<int64_t>(mean.size()) == config.proprioception && mean.size() == std.size(),
                "expected mean and std of {} numbers, got {} and {}", config.proprioception, mean.size(), std.size());
  state_mean.copy_(torch::tensor(mean, at::kFloat));
  state_std.copy_(torch::tensor(std, at::kFloat).clamp_min(1e-8));
}

Tensor LewmImpl::embed(const Tensor& frames, const Preprocess& preprocess, const Tensor& state) const {
  FORESEE_CHECK(config.proprioception > 0
                    ? state.defined() && state.sizes() == at::IntArrayRef({frames.size(0), config.proprioception})
                    : !state.defined(),
                "expected {} for {} pictures, got {}",
                config.proprioception > 0 ? fmt::format("proprioception [N, {}]", config.proprioception)
                                          : std::string("no proprioception"),
                frames.size(0), state.defined() ? describe(state) : "none");
  const Tensor patches = picture_patches(frames, preprocess, config.vit.patch);
  Tensor encoded = vit.encode(patches, frames.size(2) / config.vit.patch, frames.size(3) / config.vit.patch);
  if (state.defined())
    encoded = encoded + state_out.linear(at::silu(state_in.linear((state - state_mean) / state_std)));
  return projector.forward(encoded, is_training());
}

Tensor LewmImpl::embed_actions(const Tensor& actions) const {
  FORESEE_CHECK(actions.size(-1) == config.action_block, "expected action blocks of {} numbers, got {}",
                config.action_block, describe(actions));
  const Tensor smoothed = at::linear(actions, action_weight.squeeze(2), action_bias);
  return action_out.linear(at::silu(action_in.linear(smoothed)));
}

Tensor LewmImpl::predict(const Tensor& embeddings, const Tensor& actions, Dropout* dropout) const {
  FORESEE_CHECK(predictor.has_value(), "a prefix predictor looks at one frame: use predict_prefixes");
  const Tensor next = predictor->forward(embeddings, actions, dropout);
  return prediction_projector.forward(next.flatten(0, 1), is_training()).view_as(next);
}

Tensor LewmImpl::predict_prefixes(const Tensor& state, const Tensor& actions, Dropout* dropout) const {
  FORESEE_CHECK(prefix.has_value(), "expected a prefix predictor; this one goes block after block");
  const Tensor next = prefix->forward(state, actions, dropout);
  return prediction_projector.forward(next.flatten(0, 1), is_training()).view_as(next);
}

Tensor LewmImpl::rollout(const Tensor& embeddings, const Tensor& actions, Dropout* dropout) const {
  const int64_t history = embeddings.size(1), steps = actions.size(1) - history + 1;
  FORESEE_CHECK(history >= 1 && steps >= 1, "expected at least one frame and one block after it, got {} and {}",
                describe(embeddings), describe(actions));
  const Tensor embedded = embed_actions(actions);
  if (prefix) {
    std::vector<Tensor> parts{embeddings};
    for (const Tensor& blocks : embedded.slice(1, history - 1).split(config.predictor.horizon, 1))
      parts.push_back(predict_prefixes(parts.back().select(1, parts.back().size(1) - 1), blocks, dropout));
    return at::cat(parts, 1);
  }
  std::vector<Tensor> states = embeddings.unbind(1);
  for (int64_t step = 0; step < steps; ++step) {
    const int64_t end = history + step, begin = std::max<int64_t>(0, end - config.predictor.frames);
    const Tensor window = at::stack(at::ArrayRef<Tensor>(states).slice(static_cast<size_t>(begin)), 1);
    states.push_back(predict(window, embedded.slice(1, begin, end), dropout).select(1, end - begin - 1));
  }
  return at::stack(states, 1);
}

}  // namespace foresee
