#include "jepa/train/action_predictor/evaluation.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/model/vjepa2_ac/action_rollout.h"

namespace foresee {
namespace {

constexpr int64_t kSequencesAtOnce = 8;

double mean_abs(const Tensor& x) { return x.abs().mean().item<double>(); }

/// Predictions of frames 1 .. T - 1 from frame 0. @returns float [E, T - 1, n, D].
Tensor roll_out(const Vjepa2Ac& model, const ActionRollout& rollout, const ActionSpec& spec, const FrameGrid& grid,
                const AcHeldOut& data, const Tensor& actions) {
  const int64_t horizon = actions.size(1), n = grid.tokens();
  const Tensor blocks =
      spec.to_environment(actions.to(at::kDouble)).unflatten(1, {horizon, spec.block});  // [E, T - 1, block, A]
  std::vector<Tensor> parts;
  for (int64_t first = 0; first < actions.size(0); first += kSequencesAtOnce) {
    const int64_t count = std::min(kSequencesAtOnce, actions.size(0) - first);
    const auto some = [&](const Tensor& x) { return x.narrow(0, first, count); };
    ActionCache cache = rollout.empty(count, horizon, grid);
    Tensor now = some(data.clips.features).narrow(1, 0, n), state = some(data.first_state);
    std::vector<Tensor> frames;
    for (int64_t h = 0; h < horizon; ++h) {
      const Tensor& extrinsics = data.clips.extrinsics;
      now = model.normalise(
          rollout.advance({now, some(actions).narrow(1, h, 1), model.normalise_states(state).unsqueeze(1),
                           extrinsics.defined() ? some(extrinsics).narrow(1, h, 1) : Tensor()},
                          cache));
      frames.push_back(now);
      state = model.next_states(state, some(blocks).select(1, h));
    }
    parts.push_back(at::stack(frames, 1));
  }
  return at::cat(parts);
}

}  // namespace

Metrics evaluate_ac(const Vjepa2Ac& model, const ActionSpec& spec, const FrameGrid& grid, const AcHeldOut& data) {
  if (!data.clips.features.defined()) return {};
  const torch::NoGradGuard no_grad;
  const Tensor& actions = data.clips.actions;
  const Tensor features = data.clips.features.unflatten(1, {-1, grid.tokens()});  // [E, T, n, D]
  Metrics metrics;
  double teacher = 0;
  for (int64_t first = 0; first < actions.size(0); first += kSequencesAtOnce) {
    const int64_t count = std::min(kSequencesAtOnce, actions.size(0) - first);
    const auto some = [&](const Tensor& x) { return x.defined() ? x.narrow(0, first, count) : x; };
    const AcBatch batch{some(data.clips.features), some(actions), some(data.clips.states), some(data.clips.extrinsics)};
    teacher += ac_forward(model, batch, grid, {.rollout_steps = 1, .exponent = 1.0}).teacher_loss.item<double>() *
               static_cast<double>(count);
  }
  metrics.emplace_back("held_out_teacher_loss", teacher / static_cast<double>(actions.size(0)));
  const ActionRollout rollout(model.predictor);
  const Tensor predicted = roll_out(model, rollout, spec, grid, data, actions),
               other = roll_out(model, rollout, spec, grid, data, actions.roll(1, 0));
  for (int64_t h = 1; h < features.size(1); ++h) {
    const Tensor truth = features.select(1, h);
    const double error = mean_abs(predicted.select(1, h - 1) - truth);
    const auto gain = [&](double reference) { return 1 - error / std::max(reference, 1e-30); };
    metrics.emplace_back(fmt::format("held_out_error_{}", h), error);
    metrics.emplace_back(fmt::format("held_out_skill_{}", h), gain(mean_abs(features.select(1, 0) - truth)));
    metrics.emplace_back(fmt::format("held_out_action_gain_{}", h), gain(mean_abs(other.select(1, h - 1) - truth)));
  }
  return metrics;
}

}  // namespace foresee
