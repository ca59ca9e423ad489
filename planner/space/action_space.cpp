#include "planner/space/action_space.h"

#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

void pin(const Tensor& numbers, const std::vector<std::optional<double>>& pinned) {
  for (size_t i = 0; i < pinned.size(); ++i)
    if (pinned[i]) numbers.select(-1, static_cast<int64_t>(i)).fill_(*pinned[i]);
}

}  // namespace

ActionSpace ActionSpace::to(const at::TensorOptions& options) const {
  ActionSpace moved = *this;
  if (low.defined()) moved.low = low.to(options);
  if (high.defined()) moved.high = high.to(options);
  if (ball) moved.ball = ball->to(options.device());
  if (spline.defined()) moved.spline = spline.to(options);
  return moved;
}

void ActionSpace::begin(const Tensor& mean, const Tensor& std) const {
  if (ball) ball->project(mean);
  if (low.defined()) mean.clamp_min_(low);
  if (high.defined()) mean.clamp_max_(high);
  pin(mean, pinned);
  for (size_t i = 0; i < first_std.size(); ++i) std.select(-1, static_cast<int64_t>(i)).fill_(first_std[i]);
}

void ActionSpace::constrain(const Tensor& candidates) const {
  if (ball) ball->project(candidates);
  if (low.defined()) candidates.clamp_min_(low);
  if (high.defined()) candidates.clamp_max_(high);
  pin(candidates, pinned);
  const int64_t horizon = candidates.size(2);
  if (held && held->from_step < horizon)
    candidates.select(-1, held->number).narrow(2, held->from_step, horizon - held->from_step).fill_(held->value);
}

Tensor ActionSpace::settle(const Tensor& plan) const {
  const Tensor settled = settle_only(plan).clone();
  constrain(settled.unsqueeze(1));
  return settled;
}

Tensor ActionSpace::settle_only(const Tensor& plan) const {
  if (dead_band.empty()) return plan;
  const Tensor settled = plan.clone();
  for (size_t i = 0; i < dead_band.size(); ++i) {
    const Tensor number = settled.select(-1, static_cast<int64_t>(i));
    if (dead_band[i] > 0) number.masked_fill_(number.abs() < dead_band[i], 0.0);
  }
  return settled;
}

Tensor ActionSpace::to_action(const Tensor& found) const {
  const Tensor numbers = spline.defined() ? at::matmul(spline, found) : found;  // [..., H, S]
  if (searched.empty()) return numbers;
  std::vector<int64_t> shape = numbers.sizes().vec();
  shape.back() = size;
  Tensor action = at::zeros(shape, numbers.options());
  for (size_t i = 0; i < others.size(); ++i) action.select(-1, static_cast<int64_t>(i)).fill_(others[i]);
  for (size_t i = 0; i < searched.size(); ++i)
    action.select(-1, searched[i]).copy_(numbers.select(-1, static_cast<int64_t>(i)));
  return action;
}

Tensor ActionSpace::from_action(const Tensor& action) const {
  if (searched.empty()) return action;
  std::vector<Tensor> numbers;
  for (const int64_t place : searched) numbers.push_back(action.select(-1, place));
  return at::stack(numbers, -1);
}

ActionSpace box_space(const Tensor& low, const Tensor& high, const std::optional<ActionBall>& ball) {
  return {.low = low, .high = high, .ball = ball};
}

std::pair<Tensor, Tensor> normalised_bounds(const ActionSpec& actions) {
  const auto bound = [&](const std::vector<double>& values, float of_clip) {
    if (!values.empty()) return actions.normalise(torch::tensor(values, at::kFloat).repeat({actions.block}));
    return actions.clip ? at::full({actions.block_size()}, of_clip, at::kFloat) : Tensor();
  };
  return {bound(actions.low, -1.0F), bound(actions.high, 1.0F)};
}

}  // namespace foresee::planner
