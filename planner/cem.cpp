#include "planner/cem.h"

#include <algorithm>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/noise.h"

namespace foresee::planner {
namespace {

/// keep * before + (1 - keep) * now, per number.
class Blend {
 public:
  /// @param keep  shares of `before`; empty: none, a single one: of all numbers.
  Blend(const std::vector<double>& keep, const Tensor& like) {
    if (keep.empty()) return;
    FORESEE_CHECK(keep.size() == 1 || static_cast<int64_t>(keep.size()) == like.size(-1),
                  "expected one momentum or {}, got {}", like.size(-1), keep.size());
    std::vector<double> rest;
    for (const double share : keep) rest.push_back(1 - share);
    keep_ = torch::tensor(keep, like.options());
    rest_ = torch::tensor(rest, like.options());
  }
  Tensor operator()(const Tensor& before, const Tensor& now) const {
    return keep_.defined() ? keep_ * before + rest_ * now : now;
  }

 private:
  Tensor keep_, rest_;  // [1] or [S]
};

}  // namespace

Plan cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const CemOptions& options,
         const ActionSpace& space) {
  if (config.elites < 2) fail<ConfigError>("{}: expected at least 2 elites, got {}", options.name, config.elites);
  Search search(cost, request, config, space);
  const int64_t first_kept = options.mean_first ? 1 : 0;
  const int64_t keep = std::min({options.keep, config.elites, config.samples - first_kept});
  const Blend blend_mean(options.momentum.mean, search.mean), blend_std(options.momentum.std, search.std);
  Elites elites;
  for (int64_t i = 0; search.more(i, config.iterations); ++i) {
    Tensor noise = search.noise(i);
    if (options.noise_beta) noise = colour_noise(noise.transpose(2, 3), *options.noise_beta).transpose(2, 3);
    const Tensor candidates = search.sample(noise, options.mean_first);
    if (i > 0 && keep > 0) candidates.slice(1, first_kept, first_kept + keep).copy_(elites.actions.slice(1, 0, keep));
    elites = search.judge(candidates, config.elites);
    const auto [std, mean] = at::std_mean(elites.actions, {1}, /*unbiased=*/true);
    search.mean = blend_mean(search.mean, mean);
    search.std = blend_std(search.std, std);
    if (options.smallest_std) search.std = search.std.clamp_min(*options.smallest_std);
    search.record(i);
  }
  return search.finish(options.return_mean ? search.mean : elites.actions.select(1, 0), elites.costs.mean(1),
                       options.cut_plan);
}

}  // namespace foresee::planner
