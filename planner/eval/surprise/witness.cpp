#include "planner/eval/surprise/witness.h"

#include <algorithm>
#include <vector>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

/// Mean over all but the first axis of the squared difference: float [B], on the CPU.
Tensor square_difference(const Tensor& a, const Tensor& b) {
  FORESEE_CHECK(a.numel() == b.numel() && a.size(0) == b.size(0), "expected latents of one size, got {} and {}",
                foresee::describe(a), foresee::describe(b));
  return (a.flatten(1) - b.flatten(1)).square().mean(1).to(at::kFloat).cpu();
}

/// The same of every picture of an episode and the one before it: [B, T - 1]. @param pictures  uint8 [B, T, 3, S, S].
Tensor pixel_change(const Tensor& pictures) {
  std::vector<Tensor> out;
  for (int64_t t = 0; t + 1 < pictures.size(1); ++t)
    out.push_back(
        square_difference(pictures.select(1, t).to(at::kFloat) / 255, pictures.select(1, t + 1).to(at::kFloat) / 255));
  return at::stack(out, 1);
}

/// The latent that the model expects after step `t`. @returns float [B, ...].
Tensor predicted(const WorldModel& model, const Tensor& pictures, const Tensor& actions, int64_t t) {
  const int64_t block = model.action_spec().block, first = std::max<int64_t>(0, t + 1 - kSurpriseHistory);
  const int64_t seen = t + 1 - first;
  Observation observation{.frames = pictures.narrow(1, first, seen), .actions = {}, .state = {}};
  if (seen > 1) observation.actions = actions.narrow(1, first * block, (seen - 1) * block).to(at::kFloat);
  const Tensor next = model.action_spec().normalise(actions.narrow(1, t * block, block).to(at::kFloat));
  const Tensor blocks = next.flatten(1).view({next.size(0), 1, 1, -1});  // [B, K, H, D]
  return model.rollout(*model.encode(observation), blocks).flatten(0, 2);
}

StepScores step_scores(const WorldModel& model, const Tensor& pictures, const Tensor& actions) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> surprise, latent;
  Tensor before = model.encode_goal(Goal(pictures.select(1, 0)));
  for (int64_t t = 0; t + 1 < pictures.size(1); ++t) {
    const Tensor now = model.encode_goal(Goal(pictures.select(1, t + 1)));
    surprise.push_back(square_difference(predicted(model, pictures, actions, t), now));
    latent.push_back(square_difference(before, now));
    before = now;
  }
  return {at::stack(surprise, 1), at::stack(latent, 1), pixel_change(pictures)};
}

/// All windows of episodes, episode by episode: [B * W, 3, frames, S, S], normalised.
Tensor windows_of(const ClipPredictor& predictor, const Tensor& pictures) {
  const Tensor input = predictor.pictures.normalise(pictures).unfold(1, predictor.frames, predictor.tubelet);
  return input.permute({0, 1, 2, 5, 3, 4}).flatten(0, 1).contiguous();  // from [B, W, 3, S, S, frames]
}

/// The scores of both episodes of one pair. @param pictures  uint8 [2, T, 3, S, S].
std::array<StepScores, 2> pair_scores(const ClipPredictor& predictor, const Tensor& pictures) {
  const torch::NoGradGuard no_grad;
  const ClipExpectation seen = predictor.expect(windows_of(predictor, pictures));
  const int64_t tokens = seen.found.size(1), hidden = seen.expected.size(1);
  const int64_t step = tokens / (predictor.frames / predictor.tubelet);  // tokens of a time step
  const auto distance = [](const Tensor& a, const Tensor& b) {
    return (a - b).abs().mean({1, 2}).to(at::kFloat).cpu().view({2, -1});  // [2, W]
  };
  const Tensor surprise = distance(seen.expected, seen.found.narrow(1, tokens - hidden, hidden));
  const Tensor change =
      distance(seen.found.narrow(1, tokens - step, step), seen.found.narrow(1, tokens - 2 * step, step));
  const Tensor pixels = pixel_change(pictures);
  const auto row = [&](int64_t i) {
    return StepScores{surprise.narrow(0, i, 1), change.narrow(0, i, 1), pixels.narrow(0, i, 1)};
  };
  return {row(0), row(1)};
}

StepScores joined(const std::vector<StepScores>& parts) {
  std::vector<Tensor> surprise, latent, pixels;
  for (const StepScores& part : parts) {
    surprise.push_back(part.surprise);
    latent.push_back(part.latent_change);
    pixels.push_back(part.pixels);
  }
  return {at::cat(surprise), at::cat(latent), at::cat(pixels)};
}

}  // namespace

int64_t Witness::first_score(int64_t picture) const {
  return std::max<int64_t>(0, picture - window + stride) / stride;  // rounded up
}

Witness world_model_witness(const WorldModel& model) {
  return {.size = model.picture_spec().size,
          .timing = {.block = model.action_spec().block},
          .watch = [&model](const Tensor& changed, const Tensor& unchanged, const Tensor& actions) {
            return std::array{step_scores(model, changed, actions), step_scores(model, unchanged, actions)};
          }};
}

Witness encoder_witness(const ClipPredictor& predictor) {
  constexpr int64_t kUsualBlock = 5;  // environment steps, of world models
  const int64_t frames = predictor.frames, step = predictor.tubelet, times = frames / step;
  const int64_t later = times - times / 2;  // time steps that are predicted
  // Two scores lie before the first window that holds the violation, and all that it is a target of follow.
  const PairTiming timing{.block = std::max<int64_t>(1, kUsualBlock / step),
                          .pictures = frames + step * (3 + later),
                          .earliest = frames + step,
                          .latest = frames + 3 * step - 1};
  return {.size = predictor.pictures.size,
          .timing = timing,
          .window = frames,
          .stride = step,
          .follows = later,
          .watch = [predictor](const Tensor& changed, const Tensor& unchanged, const Tensor&) {
            std::vector<StepScores> with, without;
            for (int64_t i = 0; i < changed.size(0); ++i) {
              auto [first, second] = pair_scores(predictor, at::stack({changed[i], unchanged[i]}));
              with.push_back(std::move(first));
              without.push_back(std::move(second));
            }
            return std::array{joined(with), joined(without)};
          }};
}

}  // namespace foresee::planner
