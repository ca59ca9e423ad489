#include "foresee/evaluate/quality/plans.h"

#include <algorithm>

#include "foresee/evaluate/quality/viscore.h"
#include "foresee/evaluate/results.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"

namespace foresee {
namespace {

constexpr int64_t kStarts = 8;  // at a time
constexpr uint64_t kPerturb = 2, kRandom = 3, kSearch = 1000;

/// The recorded actions' distribution.
struct Actions {
  Tensor mean, std;  // float [A]
  Tensor factor;     // float [A, A], Cholesky factor of the z-scored blocks' covariance

  explicit Actions(const Tensor& blocks) {
    const Tensor centre = blocks.mean(0), spread = blocks.std(0, /*unbiased=*/false) + 1e-8;
    const Tensor scaled = shrunk_covariance((blocks - centre) / spread);
    factor = at::linalg_cholesky(scaled + 1e-6 * at::eye(scaled.size(0), scaled.options())).to(at::kFloat);
    mean = centre.to(at::kFloat), std = spread.to(at::kFloat);
  }
  /// Draws as recorded blocks are distributed, around 0. @returns float [..., A].
  Tensor draw(const Random& random, at::IntArrayRef shape) const {
    return random.normal_tensor(shape).matmul(factor.t()) * std;
  }
};

/// CEM from the recorded plan, with a standard deviation of 1 (z-scored) and without limits.
struct Search {
  Tensor plan;          // float [B, H, A], the last mean
  Tensor elite_spread;  // [B]
};

template <class Costs>
Search search(const Costs& costs, const Tensor& recorded, const Actions& actions, const PlanDraws& draws, uint64_t seed,
              int64_t first) {
  Tensor mean = recorded, deviation = actions.std.expand_as(recorded), spread;
  for (int64_t i = 0; i < draws.iterations; ++i) {
    const Random random(seed, Stream::kBaseline, kSearch + static_cast<uint64_t>(first * draws.iterations + i));
    const Tensor noise = random.normal_tensor({mean.size(0), draws.samples, mean.size(1), mean.size(2)});
    const Tensor candidates = mean.unsqueeze(1) + deviation.unsqueeze(1) * noise;
    const auto [values, index] = costs(candidates).topk(draws.elites, /*dim=*/1, /*largest=*/false);
    const Tensor where = index.unsqueeze(-1).unsqueeze(-1).expand({-1, -1, mean.size(1), mean.size(2)});
    const Tensor elites = candidates.gather(1, where);
    mean = elites.mean(1), deviation = elites.std(1, /*unbiased=*/false);
    spread = values.std(1, /*unbiased=*/false);
  }
  return {mean, spread};
}

}  // namespace

PlanOutcomes plan_outcomes(const WorldModel& model, const SequenceReader& reader, const SeenEpisodes& seen,
                           const Tensor& rows, int64_t horizon, uint64_t seed, const JobControl& control,
                           const PlanDraws& draws) {
  const at::NoGradGuard no_grad;
  const Actions actions(seen.actions);
  std::vector<Tensor> changes, preferred, spread, variation, cheaper, swapped;
  Progress progress(control, "search", rows.size(0), "starts");
  for (int64_t first = 0; first < rows.size(0); first += kStarts) {
    stop_where_asked(control);
    const Tensor part = rows.slice(0, first, first + kStarts);
    const SeenSequences from = sequences_at(reader, seen, part, model.history(), horizon);
    const Tensor recorded = from.actions.to(at::kCPU);
    const auto costs = [&](const Tensor& plans) {  // double [B, K]
      return model.costs(*from.context, from.goals, plans.to(from.goals.device())).to(at::kCPU, at::kDouble);
    };
    const auto last = [&](const Tensor& plans) {  // double [B, K, D]
      return pooled_rollout(model.rollout(*from.context, plans.to(from.goals.device()))).select(2, horizon - 1);
    };
    const auto drawn = [&](uint64_t step, int64_t plans) {
      const Random random(seed, Stream::kBaseline, step + 10 * static_cast<uint64_t>(first));
      return actions.draw(random, {part.size(0), plans, horizon, recorded.size(2)});
    };
    const Tensor both = at::stack({recorded, recorded.roll(1, 0)}, 1), ends = last(both);
    if (part.size(0) > 1) swapped.push_back((ends.select(1, 0) - ends.select(1, 1)).norm(2, -1));
    if (first < draws.perturbed_starts)
      changes.push_back(
          (last(recorded.unsqueeze(1) + drawn(kPerturb, draws.perturbations)) - ends.slice(1, 0, 1)).flatten(0, 1));
    const Tensor random = costs(actions.mean + drawn(kRandom, draws.random_plans));
    const Tensor own = costs(recorded.unsqueeze(1));  // [B, 1]
    variation.push_back(random.std(1) / random.mean(1));
    cheaper.push_back((random < own).to(at::kDouble).mean(1));
    const Search found = search(costs, recorded, actions, draws, seed, first);
    preferred.push_back((costs(found.plan.unsqueeze(1)) < own).squeeze(1).to(at::kDouble));
    spread.push_back(found.elite_spread);
    progress.update(std::min(first + kStarts, rows.size(0)));
  }
  progress.finish();
  return {at::cat(changes),   at::cat(preferred), at::cat(spread),
          at::cat(variation), at::cat(cheaper),   at::cat(swapped)};
}

}  // namespace foresee
