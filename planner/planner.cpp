#include "planner/planner.h"

#include "jepa/core/error.h"
#include "planner/cem.h"

namespace foresee::planner {
namespace {

constexpr std::string_view kSolvers[] = {"cem", "icem", "mppi", "predictive_sampling"};

}  // namespace

void describe(Fields& f, PlannerConfig& c) {
  f.choice("solver", c.solver, kSolvers, "how plans are searched");
  describe(f, c.search);
  f("icem", c.icem, "solver icem");
  f("mppi", c.mppi, "solver mppi");
}

Planner make_planner(const PlannerConfig& config) {
  config.validate();
  const SearchConfig& search = config.search;
  if (config.solver == "cem")
    return [=](const CostFn& cost, const SearchRequest& request) { return cem(cost, request, search); };
  if (config.solver == "icem")
    return [=, options = config.icem](const CostFn& cost, const SearchRequest& request) {
      return icem(cost, request, search, options);
    };
  if (config.solver == "mppi")
    return [=, options = config.mppi](const CostFn& cost, const SearchRequest& request) {
      return mppi(cost, request, search, options);
    };
  if (config.solver == "predictive_sampling")
    return [=](const CostFn& cost, const SearchRequest& request) { return predictive_sampling(cost, request, search); };
  const std::vector<std::string> known(std::begin(kSolvers), std::end(kSolvers));
  fail<ConfigError>("unknown solver '{}'{}", config.solver, suggestion(config.solver, known));
}

}  // namespace foresee::planner
