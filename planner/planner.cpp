#include "planner/planner.h"

#include "jepa/core/error.h"
#include "planner/cem.h"

namespace foresee::planner {
namespace {

constexpr std::string_view kSolvers[] = {"cem", "icem", "mppi", "predictive_sampling"};

/// Where a request is searched.
using SpaceOf = std::function<ActionSpace(const SearchRequest& request)>;

Planner bind(const PlannerConfig& config, const SpaceOf& space) {
  config.validate();
  const SearchConfig& search = config.search;
  if (config.solver == "cem")
    return [=](const CostFn& cost, const SearchRequest& r) { return cem(cost, r, search, {}, space(r)); };
  if (config.solver == "icem")
    return [=, options = icem_options(config.icem)](const CostFn& cost, const SearchRequest& r) {
      return cem(cost, r, search, options, space(r));
    };
  if (config.solver == "mppi")
    return [=, options = config.mppi](const CostFn& cost, const SearchRequest& r) {
      return mppi(cost, r, search, options, space(r));
    };
  if (config.solver == "predictive_sampling")
    return [=](const CostFn& cost, const SearchRequest& r) { return predictive_sampling(cost, r, search, space(r)); };
  const std::vector<std::string> known(std::begin(kSolvers), std::end(kSolvers));
  fail<ConfigError>("unknown solver '{}'{}", config.solver, suggestion(config.solver, known));
}

}  // namespace

void describe(Fields& f, PlannerConfig& c) {
  f.choice("solver", c.solver, kSolvers, "how plans are searched");
  describe(f, c.search);
  f("icem", c.icem, "solver icem");
  f("mppi", c.mppi, "solver mppi");
}

Planner make_planner(const PlannerConfig& config) {
  const bool bounded = config.solver == "icem";
  return bind(config, [bounded](const SearchRequest& request) {
    return bounded ? box_space(request.low, request.high) : ActionSpace{};
  });
}

Planner make_planner(const PlannerConfig& config, const ActionSpace& space) {
  return bind(config, [space](const SearchRequest&) { return space; });
}

Planner make_planner(const SearchConfig& search, const ArmCemConfig& arm) {
  return [search, options = arm_options(arm), space = arm_space(arm)](
             const CostFn& cost, const SearchRequest& request) { return cem(cost, request, search, options, space); };
}

}  // namespace foresee::planner
