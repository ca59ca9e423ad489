#include "planner/space/ball.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

void describe(Fields& f, BallConfig& c) {
  f.choice("norm", c.norm, kBallNorms, "how the size of an action is measured; none: no ball");
  f("radius", c.radius, "largest size of an action, the robot's units", {1e-12, 1e12});
}

ActionBall ActionBall::to(at::Device device) const {
  ActionBall moved = *this;
  moved.mean = mean.to(device);
  moved.std = std.to(device);
  return moved;
}

Tensor ActionBall::nearest(const Tensor& actions) const {
  if (norm == BallNorm::kL2) {
    const Tensor length = actions.square().sum(-1, /*keepdim=*/true).sqrt();
    return actions * (radius / length.clamp_min(radius));
  }
  const Tensor size = actions.abs();
  const Tensor sorted = std::get<0>(size.sort(-1, /*descending=*/true));
  const Tensor rank = at::arange(1, actions.size(-1) + 1, actions.options());
  const Tensor threshold = (sorted.cumsum(-1) - radius) / rank;  // of the rank largest ones
  const Tensor last = (sorted > threshold).sum(-1, /*keepdim=*/true).clamp_min(1) - 1;
  const Tensor shrink = threshold.gather(-1, last).clamp_min(0);
  return actions.sign() * (size - shrink).clamp_min(0);
}

void ActionBall::project(const Tensor& numbers) const {
  const Tensor actions = numbers.unflatten(-1, {-1, mean.size(0)}).to(at::kDouble);  // far away, float is not enough
  const Tensor whole = actions * std + mean, inside = (nearest(whole) - mean) / std;
  const Tensor length =
      norm == BallNorm::kL1 ? whole.abs().sum(-1, /*keepdim=*/true) : whole.square().sum(-1, /*keepdim=*/true).sqrt();
  // What lies inside stays as it is, to the last bit.
  numbers.copy_(at::where(length > radius, inside, actions).flatten(-2));
}

std::optional<ActionBall> action_ball(const BallConfig& config, const ActionSpec& actions) {
  if (config.norm == BallNorm::kNone) return {};
  for (int64_t i = 0; i < actions.size; ++i) {
    const auto at = static_cast<size_t>(i);
    if ((!actions.low.empty() && actions.low[at] > 0) || (!actions.high.empty() && actions.high[at] < 0))
      fail<ConfigError>("ball: number {} of an action cannot be 0 within its limits, and a ball lies around the zeros",
                        i);
  }
  const auto options = at::TensorOptions(at::kDouble);
  return ActionBall{
      .norm = config.norm,
      .radius = config.radius,
      .mean = actions.mean.empty() ? at::zeros({actions.size}, options) : torch::tensor(actions.mean, options),
      .std = actions.std.empty() ? at::ones({actions.size}, options) : torch::tensor(actions.std, options)};
}

}  // namespace foresee::planner
