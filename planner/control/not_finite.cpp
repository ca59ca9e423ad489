#include "planner/control/not_finite.h"

#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

/// Whether a plan of doing nothing costs a finite number.
bool is_finite(const WorldModel& model, const Observation& observation, const Goal& goal, Objective objective) {
  const at::NoGradGuard no_grad;
  const auto context = model.encode(observation);
  const Tensor wanted = model.encode_goal(goal);
  const Tensor nothing =
      at::zeros({goal.pictures.size(0), 1, 1, model.action_spec().block_size()}, wanted.options().dtype(at::kFloat));
  const Tensor cost = model.costs(*context, wanted, nothing, objective);
  const Tensor weighted = goal.weight.defined() ? cost * goal.weight.to(cost.options()).unsqueeze(1) : cost;
  return at::isfinite(wanted).all().item<bool>() && at::isfinite(weighted).all().item<bool>();
}

Tensor plain(const Tensor& values) { return values.defined() ? at::zeros_like(values) : values; }

}  // namespace

std::string why_not_finite(const WorldModel& model, const Observation& observation, const Goal& goal,
                           Objective objective) {
  Observation seen = observation;
  seen.frames = at::full_like(observation.frames, 128);
  seen.actions = plain(observation.actions);
  seen.state = plain(observation.state);
  Goal wanted(at::full_like(goal.pictures, 128), plain(goal.state));
  const auto finite = [&] { return is_finite(model, seen, wanted, objective); };
  if (!finite()) return "the model: its weights hold NaN or infinity, or are so large that its numbers overflow";
  wanted.pictures = goal.pictures;
  if (!finite()) return "the goal's picture";
  wanted.state = goal.state;
  if (!finite()) return "the goal's state, whose numbers are too large";
  seen.frames = observation.frames;
  if (!finite()) return "the pictures of the present";
  seen.state = observation.state;
  if (!finite()) return "the robot's state, whose numbers are too large";
  seen.actions = observation.actions;
  if (!finite()) return "the actions between the earlier pictures, whose numbers are too large";
  wanted.weight = goal.weight;
  if (!finite()) return "the goal's weight, which is too large";
  return "the actions that were tried: they are too large, or a proposal of the model is no number";
}

}  // namespace foresee::planner
