#include "planner/memetic.h"

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {

void describe(Fields& f, MemeticConfig& c) {
  f("steps", c.steps, "descent steps of every elite, in every iteration", {1, 1000});
}

Plan memetic(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const MemeticConfig& memetic,
             const GradientConfig& gradient, const ActionSpace& space) {
  if (config.elites < 2) fail<ConfigError>("memetic: expected at least 2 elites, got {}", config.elites);
  Search search(cost, request, config, space);
  Elites elites;
  for (int64_t i = 0; search.more(i, config.iterations); ++i) {
    const Elites sampled = search.judge(search.sample(search.noise(i)), config.elites);
    Tensor refined = sampled.actions;
    Descender descender(gradient);
    for (int64_t step = 0; step < memetic.steps; ++step) {
      Elites before;
      refined = descender.step(refined, search.slope(refined, before));
      search.constrain(refined);
    }
    elites = search.going(search.judge(at::cat({sampled.actions, refined}, 1), config.elites), elites);
    const auto [std, mean] = at::std_mean(elites.actions, {1}, /*unbiased=*/true);
    search.mean = search.going(mean, search.mean);
    search.std = search.going(std, search.std);
    search.settled(search.std);
    search.record(i);
  }
  return search.finish(search.best(), elites.costs.mean(1));
}

}  // namespace foresee::planner
