#pragma once

#include <torch/types.h>

#include "jepa/model/lewm/world_model.h"
#include "jepa/train/lewm/task.h"

namespace foresee::testing {

/// A LeWM that trains in milliseconds: 16 px, actions of two numbers in blocks of two.
inline LewmConfig small_lewm() {
  LewmConfig config;
  config.vit = {.image_size = 16, .patch = 8, .width = 24, .layers = 2, .heads = 3, .mlp = 48};
  config.predictor = {.frames = 3, .width = 24, .layers = 2, .heads = 2, .head_dim = 16, .mlp = 48};
  config.embedding = 24;
  config.projector_hidden = config.prediction_hidden = 32;
  config.action_block = 4;
  return config;
}

inline ActionSpec small_actions() {
  return {.size = 2, .block = 2, .low = {}, .high = {}, .mean = {0.1, -0.2}, .std = {0.5, 2.0}};
}

/// A model whose every part matters: AdaLN gates start at zero, here they do not, and BatchNorm has seen data.
inline Lewm scrambled(const LewmConfig& config, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  Lewm model(config);
  initialise(model, seed);
  const Random draws(seed, Stream::kTest);
  uint64_t first = 0;
  for (Tensor& parameter : model->parameters()) {
    parameter.add_(draws.normal_tensor(parameter.sizes(), first) * 0.1);
    first += static_cast<uint64_t>(parameter.numel());
  }
  for (const auto& item : model->named_buffers())
    if (item.value().is_floating_point()) item.value().add_(draws.uniform_tensor(item.value().sizes(), first) * 0.5);
  return model;
}

inline Tensor random_bytes(at::IntArrayRef shape, uint64_t seed) {
  return Random(seed, Stream::kTest, 1).uniform_tensor(shape).mul_(256).to(at::kByte);
}

/// A dot that moves by the actions, so that there is something to predict. Frames [B, T, 3, 16, 16], actions [B, T, 4].
inline LewmBatch moving_dots(int64_t batch, int64_t frames, uint64_t seed, uint64_t step) {
  const Random draws(seed, Stream::kTest, step);
  const Tensor start = draws.uniform_tensor({batch, 1, 2}, 0).mul_(8).add_(4);
  const Tensor moves = draws.normal_tensor({batch, frames, 4}, static_cast<uint64_t>(batch * 2));
  const Tensor shift = moves.view({batch, frames, 2, 2}).sum(2).cumsum(1).roll(1, 1);
  shift.select(1, 0).zero_();
  const Tensor place = (start + shift).clamp(1, 14).view({batch, frames, 2, 1, 1});
  const Tensor grid = at::arange(16, at::kFloat);
  const Tensor distance =
      (grid.view({16, 1}) - place.select(2, 0)).square() + (grid.view({1, 16}) - place.select(2, 1)).square();
  const Tensor dot = distance.mul(-0.25).exp().mul_(255).to(at::kByte);
  return {at::stack({dot, 255 - dot, dot / 2}, 2).to(at::kByte).contiguous(), moves};
}

}  // namespace foresee::testing
