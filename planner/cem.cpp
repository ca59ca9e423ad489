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

/// Candidates of an iteration: `tiers` share the iterations out evenly.
int64_t candidates_of(int64_t iteration, const SearchConfig& config, const std::vector<int64_t>& tiers) {
  if (tiers.empty()) return config.samples;
  const auto count = static_cast<int64_t>(tiers.size());
  const int64_t tier = std::min(iteration * count / config.iterations, count - 1);
  return std::clamp(tiers[static_cast<size_t>(tier)], config.elites, config.samples);
}

}  // namespace

void describe(Fields& f, CemConfig& c) {
  f("momentum", c.momentum, "share of the old mean and deviation that is kept", {0, 1});
  f("smallest_std", c.smallest_std, "deviations do not fall below it, normalised actions", {0, 1e6});
  f("tiers", c.tiers,
    "candidates of the first, ... last part of the iterations, between elites and samples; none: samples");
}

void describe(Fields& f, IcemConfig& c) {
  f("noise_beta", c.noise_beta, "exponent of the noise spectrum; 0: white", {0, 100});
  f("momentum", c.momentum, "share of the old mean and deviation that is kept", {0, 1});
  f("keep", c.keep, "elites carried into the next iteration", {0, 1e6});
  f("return_mean", c.return_mean, "answer with the mean; false: with the best elite");
}

CemOptions cem_options(const CemConfig& config) {
  CemOptions options{.tiers = config.tiers};
  if (config.momentum > 0) options.momentum = {.mean = {config.momentum}, .std = {config.momentum}};
  if (config.smallest_std > 0) options.smallest_std = config.smallest_std;
  return options;
}

CemOptions icem_options(const IcemConfig& config) {
  return {.name = "icem",
          .momentum = {.mean = {config.momentum}, .std = {config.momentum}},
          .keep = config.keep,
          .noise_beta = config.noise_beta,
          .return_mean = config.return_mean};
}

Plan cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const CemOptions& options,
         const ActionSpace& space) {
  if (config.elites < 2) fail<ConfigError>("{}: expected at least 2 elites, got {}", options.name, config.elites);
  Search search(cost, request, config, space);
  const int64_t first_kept = options.mean_first ? 1 : 0;
  const int64_t keep = std::min({options.keep, config.elites, config.samples - first_kept});
  const Blend blend_mean(options.momentum.mean, search.mean), blend_std(options.momentum.std, search.std);
  Elites elites;
  for (int64_t i = 0; search.more(i, config.iterations); ++i) {
    Tensor noise = search.noise(i).slice(1, 0, candidates_of(i, config, options.tiers));
    if (options.noise_beta) noise = colour_noise(noise.transpose(2, 3), *options.noise_beta).transpose(2, 3);
    const Tensor candidates = search.sample(noise, options.mean_first);
    if (i > 0 && keep > 0) candidates.slice(1, first_kept, first_kept + keep).copy_(elites.actions.slice(1, 0, keep));
    elites = search.going(search.judge(candidates, config.elites), elites);
    const auto [std, mean] = at::std_mean(elites.actions, {1}, /*unbiased=*/true);
    search.mean = search.going(blend_mean(search.mean, mean), search.mean);
    Tensor spread = blend_std(search.std, std);
    if (options.smallest_std) spread = spread.clamp_min(*options.smallest_std);
    search.std = search.going(spread, search.std);
    search.settled(search.std);
    search.record(i);
  }
  return search.finish(options.return_mean ? search.mean : elites.actions.select(1, 0), elites.costs.mean(1),
                       options.cut_plan);
}

}  // namespace foresee::planner
