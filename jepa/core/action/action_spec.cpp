#include "jepa/core/action/action_spec.h"

#include "jepa/core/error.h"

namespace foresee {
namespace {

/// [block * size]: the per-action list repeated for every action of a block; `fallback` where the list is empty.
Tensor tiled(const std::vector<double>& values, const ActionSpec& spec, double fallback, const Tensor& like) {
  const auto options = like.options();
  if (values.empty()) return at::full({spec.block_size()}, fallback, options);
  return at::tensor(values, at::kDouble).to(options).repeat({spec.block});
}

}  // namespace

Tensor ActionSpec::normalise(const Tensor& actions) const {
  Tensor flat = actions;
  if (flat.size(-1) != block_size()) {
    FORESEE_CHECK(flat.dim() >= 2 && flat.size(-1) == size && flat.size(-2) == block,
                  "expected actions [..., {}, {}] or [..., {}], got {}", block, size, block_size(), describe(actions));
    flat = flat.flatten(-2);
  }
  const Tensor scaled = (flat - tiled(mean, *this, 0.0, flat)) / tiled(std, *this, 1.0, flat);
  return clip ? scaled.clamp(-1, 1) : scaled;
}

Tensor ActionSpec::to_environment(const Tensor& blocks) const {
  FORESEE_CHECK(blocks.dim() >= 2 && blocks.size(-1) == block_size(), "expected action blocks [..., H, {}], got {}",
                block_size(), describe(blocks));
  const Tensor raw = blocks * tiled(std, *this, 1.0, blocks) + tiled(mean, *this, 0.0, blocks);
  auto shape = raw.sizes().vec();
  shape.back() = size;
  shape[shape.size() - 2] *= block;
  return raw.reshape(shape);
}

void ActionSpec::validate() const {
  for (const auto* list : {&low, &high, &mean, &std})
    if (!list->empty() && static_cast<int64_t>(list->size()) != size)
      fail<ConfigError>("actions.json: expected lists of {} numbers (one an action component), got {}", size,
                        list->size());
  for (const double value : std)
    if (!(value > 0)) fail<ConfigError>("actions.json: expected a positive std, got {}", value);
  for (size_t i = 0; i < low.size() && i < high.size(); ++i)
    if (low[i] > high[i]) fail<ConfigError>("actions.json: number {} has low {} above high {}", i, low[i], high[i]);
}

void describe(Fields& f, ActionSpec& s) {
  f("size", s.size, "numbers in one environment action", {1, 65536});
  f("block", s.block, "environment steps per block (frame skip)", {1, 65536});
  f("low", s.low, "smallest environment action, one number a component; empty: unbounded");
  f("high", s.high, "largest environment action");
  f("mean", s.mean, "mean of the training actions, environment units; empty: 0");
  f("std", s.std, "population standard deviation of the training actions; empty: 1");
  f("clip", s.clip,
    "cut normalised actions to [-1, 1]; mean and std are then middle and half of the percentiles 1..99");
}

}  // namespace foresee
