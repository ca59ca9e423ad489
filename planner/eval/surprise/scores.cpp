#include "planner/eval/surprise/scores.h"

#include <algorithm>
#include <array>

#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

constexpr int64_t kPairsAtOnce = 25;
constexpr std::array<int64_t, 4> kOffsets{-2, -1, 0, 1};

/// Mean over all but the first axis of the squared difference: float [B], on the CPU.
Tensor square_difference(const Tensor& a, const Tensor& b) {
  FORESEE_CHECK(a.numel() == b.numel() && a.size(0) == b.size(0), "expected latents of one size, got {} and {}",
                foresee::describe(a), foresee::describe(b));
  return (a.flatten(1) - b.flatten(1)).square().mean(1).to(at::kFloat).cpu();
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

/// Counts pairs of one measure.
class Counter {
 public:
  /// @param coins  decide ties, one for each pair.
  void add(const Tensor& changed, const Tensor& unchanged, const Random& coins) {
    const Tensor a = changed.amax(1), b = unchanged.amax(1);
    for (int64_t i = 0; i < a.size(0); ++i, ++n_) {
      const float first = a[i].item<float>(), second = b[i].item<float>();
      const bool tie = first == second;
      right_ += tie ? coins.integer(static_cast<uint64_t>(n_), 2) : static_cast<int64_t>(first > second);
    }
  }
  SuccessRate rate() const { return success_rate(right_, n_); }

 private:
  int64_t right_ = 0, n_ = 0;
};

}  // namespace

StepScores step_scores(const WorldModel& model, const Tensor& pictures, const Tensor& actions) {
  const torch::NoGradGuard no_grad;
  StepScores out;
  std::vector<Tensor> surprise, latent, pixels;
  Tensor before = model.encode_goal(Goal(pictures.select(1, 0)));
  for (int64_t t = 0; t + 1 < pictures.size(1); ++t) {
    const Tensor now = model.encode_goal(Goal(pictures.select(1, t + 1)));
    surprise.push_back(square_difference(predicted(model, pictures, actions, t), now));
    latent.push_back(square_difference(before, now));
    pixels.push_back(
        square_difference(pictures.select(1, t).to(at::kFloat) / 255, pictures.select(1, t + 1).to(at::kFloat) / 255));
    before = now;
  }
  return {at::stack(surprise, 1), at::stack(latent, 1), at::stack(pixels, 1)};
}

ViolationScores score_violations(const WorldModel& model, const std::string& env, const ViolationSpec& spec,
                                 int64_t count, uint64_t seed, const JobControl& control) {
  const Random coins(seed, Stream::kBaseline, static_cast<uint64_t>(spec.kind));
  Counter surprise, latent, pixels;
  std::array<double, kOffsets.size()> changed_sum{}, unchanged_sum{};
  for (int64_t first = 0; first < count; first += kPairsAtOnce) {
    if (control.stopping()) fail<Interrupted>("eval: interrupted; nothing was scored");
    std::vector<Tensor> changed, unchanged, actions;
    std::vector<int64_t> at;
    for (int64_t i = first; i < std::min(count, first + kPairsAtOnce); ++i) {
      const ViolationPair pair = violation_pair(env, spec, model.action_spec().block, model.picture_spec().size, seed,
                                                static_cast<uint64_t>(i));
      changed.push_back(pair.changed);
      unchanged.push_back(pair.unchanged);
      actions.push_back(pair.actions);
      at.push_back(pair.at);
    }
    const Tensor acted = at::stack(actions);
    const StepScores with = step_scores(model, at::stack(changed), acted),
                     without = step_scores(model, at::stack(unchanged), acted);
    surprise.add(with.surprise, without.surprise, coins);
    latent.add(with.latent_change, without.latent_change, coins);
    pixels.add(with.pixels, without.pixels, coins);
    for (size_t k = 0; k < kOffsets.size(); ++k)
      for (size_t i = 0; i < at.size(); ++i) {
        const auto row = static_cast<int64_t>(i);
        const int64_t step = at[i] - 1 + kOffsets[k];
        changed_sum[k] += with.surprise[row][step].item<double>() / static_cast<double>(count);
        unchanged_sum[k] += without.surprise[row][step].item<double>() / static_cast<double>(count);
      }
  }
  return {.rates = {surprise.rate(), latent.rate(), pixels.rate()},
          .curve = {{kOffsets.begin(), kOffsets.end()},
                    {changed_sum.begin(), changed_sum.end()},
                    {unchanged_sum.begin(), unchanged_sum.end()}}};
}

}  // namespace foresee::planner
