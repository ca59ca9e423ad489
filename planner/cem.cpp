#include "planner/cem.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

Plan cem(const CostFn& cost, const SearchRequest& request, const SearchConfig& config) {
  if (config.elites < 2) fail<ConfigError>("cem: expected at least 2 elites, got {}", config.elites);
  Search search(cost, request, config);
  Elites elites;
  for (int64_t i = 0; i < config.iterations; ++i) {
    elites = search.judge(search.sample(search.noise(i)), config.elites);
    std::tie(search.std, search.mean) = at::std_mean(elites.actions, {1}, /*unbiased=*/true);
    search.record(i);
  }
  return search.finish(search.mean, elites.costs.mean(1));
}

}  // namespace foresee::planner
