#include "planner/mppi.h"

#include "jepa/core/torch.h"

namespace foresee::planner {

void describe(Fields& f, MppiConfig& c) {
  f("temperature", c.temperature, "how much dearer a candidate may be and still count, units of the cost", {1e-6});
}

Plan mppi(const CostFn& cost, const SearchRequest& request, const SearchConfig& config, const MppiConfig& mppi,
          const ActionSpace& space) {
  Search search(cost, request, config, space);
  Elites elites;
  for (int64_t i = 0; search.more(i, config.iterations); ++i) {
    elites = search.going(search.judge(search.sample(search.noise(i)), config.elites), elites);
    const Tensor cheapest = elites.costs.slice(1, 0, 1);            // [B, 1]
    const Tensor dearer = (cheapest - elites.costs).nan_to_num(0);  // of costs without an end: they are all alike
    const Tensor weights = at::softmax(dearer / mppi.temperature, /*dim=*/1);
    const Tensor moved = search.going((elites.actions * weights.unsqueeze(-1).unsqueeze(-1)).sum(1), search.mean);
    search.settled((moved - search.mean).abs());
    search.mean = moved;
    search.record(i);
  }
  return search.finish(search.mean, elites.costs.mean(1));
}

Plan predictive_sampling(const CostFn& cost, const SearchRequest& request, const SearchConfig& config,
                         const ActionSpace& space) {
  Search search(cost, request, config, space);
  Elites best;
  for (int64_t i = 0; search.more(i, config.iterations); ++i) {
    best = search.going(search.judge(search.sample(search.noise(i)), /*count=*/1), best);
    search.mean = best.actions.select(1, 0);
    search.record(i);
  }
  return search.finish(search.mean, best.costs.select(1, 0));
}

}  // namespace foresee::planner
