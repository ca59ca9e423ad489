#include "jepa/model/vjepa2_ac/action_predictor.h"

#include <fmt/format.h>

#include "jepa/core/error.h"
#include "jepa/core/memory.h"
#include "jepa/core/torch.h"
#include "jepa/nn/init.h"
#include "jepa/nn/transformer_bytes.h"

namespace foresee {
namespace {

void check_steps(const ActionSteps& s, const ActionPredictorConfig& c, int64_t tokens, int64_t width) {
  FORESEE_CHECK(s.actions.defined() && s.actions.dim() == 3 && s.actions.size(2) == c.action_size,
                "expected actions [B, T, {}], got {}", c.action_size,
                s.actions.defined() ? describe(s.actions) : "none");
  const int64_t batch = s.actions.size(0), steps = s.actions.size(1);
  FORESEE_CHECK(s.features.dim() == 3 && s.features.size(0) == batch && s.features.size(1) == steps * tokens &&
                    s.features.size(2) == width,
                "expected features [{}, {} steps * {} tokens, {}], got {}", batch, steps, tokens, width,
                describe(s.features));
  const auto beside = [&](const Tensor& x, int64_t size, const char* what) {
    FORESEE_CHECK(x.defined() && x.dim() == 3 && x.size(0) == batch && x.size(1) == steps && x.size(2) == size,
                  "expected {} [{}, {}, {}], got {}", what, batch, steps, size, x.defined() ? describe(x) : "none");
  };
  beside(s.states, c.state_size, "states");
  if (c.use_extrinsics) beside(s.extrinsics, c.extrinsics_size, "extrinsics");
}

}  // namespace

BlockSizes ActionPredictorConfig::block() const {
  return {width,          heads,    static_cast<int64_t>(static_cast<double>(width) * mlp_ratio),
          layer_norm_eps, qkv_bias, QkvBias::kInProduct};
}

int64_t ActionPredictorConfig::parameter_count(int64_t encoder_width) const {
  const int64_t mlp = block().mlp, norm = 2 * width;
  const int64_t attention = 4 * width * width + width + (qkv_bias ? 3 * width : 0);
  return (encoder_width + action_size + state_size + extrinsics_size + 4) * width +
         depth * (2 * norm + attention + 2 * width * mlp + mlp + width) + norm + (width + 1) * encoder_width;
}

void ActionPredictorConfig::validate() const {
  if (width % heads != 0) fail<ConfigError>("width: expected a multiple of heads = {}, got {}", heads, width);
  const int64_t mlp = block().mlp;
  if (mlp < 1) fail<ConfigError>("mlp_ratio: expected a width of 1 or more, got {} x {}", width, mlp_ratio);
  check_memory(transformer_bytes(width, mlp, depth), "a predictor of this width, depth, mlp_ratio");
}

void describe(Fields& f, ActionPredictorConfig& c) {
  f("width", c.width, "features of a token inside the predictor", {1, 65536});
  f("depth", c.depth, "transformer blocks", {1, 1000});
  f("heads", c.heads, "attention heads", {1, 1024});
  f("mlp_ratio", c.mlp_ratio, "width of the MLP over width of a token", {0.01, 64});
  f("action_size", c.action_size, "numbers of an action block", {1, 65536});
  f("state_size", c.state_size, "numbers of the robot's state", {1, 65536});
  f("extrinsics_size", c.extrinsics_size, "numbers of the camera's pose", {1, 65536});
  f("use_extrinsics", c.use_extrinsics, "whether the camera's pose is a token of every step");
  f("layer_norm_eps", c.layer_norm_eps, "epsilon of every LayerNorm", {0});
  f("qkv_bias", c.qkv_bias, "whether queries, keys and values have a bias");
}

ActionSteps ActionSteps::slice(int64_t first, int64_t count) const {
  const int64_t tokens = features.size(1) / steps();
  return {features.narrow(1, first * tokens, count * tokens), actions.narrow(1, first, count),
          states.narrow(1, first, count), extrinsics.defined() ? extrinsics.narrow(1, first, count) : Tensor()};
}

ActionPredictor::ActionPredictor(const ActionPredictorConfig& config, int64_t encoder_width, RopeAngles rope_angles)
    : config(config),
      rope_angles(rope_angles),
      embed(add_linear(*this, "predictor_embed", encoder_width, config.width)),
      action_encoder(add_linear(*this, "action_encoder", config.action_size, config.width)),
      state_encoder(add_linear(*this, "state_encoder", config.state_size, config.width)),
      extrinsics_encoder(add_linear(*this, "extrinsics_encoder", config.extrinsics_size, config.width)) {
  config.validate();
  for (int64_t i = 0; i < config.depth; ++i)
    blocks.emplace_back(*this, fmt::format("predictor_blocks.{}", i), config.block());
  norm = add_norm(*this, "predictor_norm", config.width);
  proj = add_linear(*this, "predictor_proj", config.width, encoder_width);
}

void ActionPredictor::initialise(uint64_t seed) {
  init_transformer(*this, Random(seed, Stream::kInit, 2), "predictor_blocks");
}

Tensor ActionPredictor::tokens(const ActionSteps& steps, const FrameGrid& grid) const {
  const int64_t n = grid.tokens();
  check_steps(steps, config, n, embed.weight.size(1));
  std::vector<Tensor> group{action_encoder.linear(steps.actions).unsqueeze(2),
                            state_encoder.linear(steps.states).unsqueeze(2)};
  if (config.use_extrinsics) group.push_back(extrinsics_encoder.linear(steps.extrinsics).unsqueeze(2));
  group.push_back(embed.linear(steps.features).unflatten(1, {steps.steps(), n}));
  return at::cat(group, 2).flatten(1, 2);
}

Tensor ActionPredictor::head(const Tensor& x, const FrameGrid& grid) const {
  const int64_t n = grid.tokens(), conditions = config.conditions();
  const Tensor patches = x.unflatten(1, {-1, conditions + n}).narrow(2, conditions, n).flatten(1, 2);
  return proj.linear(norm.layer_norm(patches, config.layer_norm_eps));
}

RopeTable ActionPredictor::rope(int64_t first, int64_t count, const FrameGrid& grid,
                                const at::TensorOptions& like) const {
  const auto options = like.requires_grad(false);
  const int64_t conditions = config.conditions(), group = conditions + grid.tokens();
  const double stretch = static_cast<double>(grid.height) / static_cast<double>(grid.width);
  const Tensor none = at::zeros({conditions}, options);
  const auto per_step = [&](const Tensor& patches) { return at::cat({none, patches}).repeat({count}); };
  const Tensor rows = at::arange(grid.height, options), columns = at::arange(grid.width, options) * stretch;
  const TokenPositions positions{at::arange(first, first + count, options).repeat_interleave(group),
                                 per_step(rows.repeat_interleave(grid.width)), per_step(columns.repeat({grid.height}))};
  return rope_table(positions, config.width / config.heads, like.dtype().toScalarType(), rope_angles);
}

Tensor ActionPredictor::forward(const ActionSteps& steps, const FrameGrid& grid) const {
  Tensor x = tokens(steps, grid);
  const RopeTable angles = rope(0, steps.steps(), grid, x.options());
  const Tensor mask = steps.steps() == 1
                          ? Tensor()  // one group: everything sees everything
                          : block_causal_mask(steps.steps(), config.conditions() + grid.tokens(), x.device());
  for (const Block& block : blocks) x = block.forward(x, &angles, mask);
  return head(x, grid);
}

Tensor block_causal_mask(int64_t steps, int64_t group, at::Device device) {
  const Tensor step = at::arange(steps, at::TensorOptions(device).dtype(at::kLong)).repeat_interleave(group);
  return step.unsqueeze(1) >= step.unsqueeze(0);
}

}  // namespace foresee
