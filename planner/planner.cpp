#include "planner/planner.h"

#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/names.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

constexpr std::pair<Solver, std::string_view> kSolvers[] = {{Solver::kCem, "cem"},
                                                            {Solver::kIcem, "icem"},
                                                            {Solver::kMppi, "mppi"},
                                                            {Solver::kPredictiveSampling, "predictive_sampling"},
                                                            {Solver::kCategoricalCem, "categorical_cem"},
                                                            {Solver::kGradient, "gradient"},
                                                            {Solver::kLagrangian, "lagrangian"},
                                                            {Solver::kMemetic, "memetic"}};

/// Where a request is searched.
using SpaceOf = std::function<ActionSpace(const SearchRequest& request)>;

Planner bind(const PlannerConfig& config, const SpaceOf& space) {
  config.validate();
  const SearchConfig& search = config.search;
  switch (config.solver) {
    case Solver::kCem:
      return [=, options = cem_options(config.cem)](const CostFn& cost, const SearchRequest& r) {
        return cem(cost, r, search, options, space(r));
      };
    case Solver::kIcem:
      return [=, options = icem_options(config.icem)](const CostFn& cost, const SearchRequest& r) {
        return cem(cost, r, search, options, space(r));
      };
    case Solver::kMppi:
      return [=, options = config.mppi](const CostFn& cost, const SearchRequest& r) {
        return mppi(cost, r, search, options, space(r));
      };
    case Solver::kPredictiveSampling:
      return [=](const CostFn& cost, const SearchRequest& r) { return predictive_sampling(cost, r, search, space(r)); };
    case Solver::kCategoricalCem:
      return [=, options = config.categorical](const CostFn& cost, SearchRequest r) {
        r.noise = 0.5 * at::erfc(-r.noise / std::sqrt(2.0));  // uniform
        return categorical_cem(cost, r, search, options);
      };
    case Solver::kGradient:
      return [=, options = config.gradient](const CostFn& cost, const SearchRequest& r) {
        return gradient_descent(cost, r, search, options, space(r));
      };
    case Solver::kLagrangian:
      return [=, options = config.lagrangian, gradient = config.gradient](const CostFn& cost, const SearchRequest& r) {
        return lagrangian(cost, r, search, options, gradient, space(r));
      };
    case Solver::kMemetic:
      return [=, options = config.memetic, gradient = config.gradient](const CostFn& cost, const SearchRequest& r) {
        return memetic(cost, r, search, options, gradient, space(r));
      };
  }
  FORESEE_CHECK(false, "expected a known solver, got number {}", static_cast<int>(config.solver));
  return {};
}

}  // namespace

Solver solver_of(const std::string& name) {
  if (const auto solver = value_of(kSolvers, name)) return *solver;
  std::vector<std::string> known;
  for (const auto& [solver, text] : kSolvers) known.emplace_back(text);
  fail<ConfigError>("unknown solver '{}'{}", name, suggestion(name, known));
}

void PlannerConfig::validate() const {
  search.validate();
  if (search.converged > 0 && (solver == Solver::kPredictiveSampling || solver == Solver::kLagrangian))
    fail<ConfigError>("planner: converged is not for solver {}, which does not settle", name_of(solver));
  if (search.converged > 0 && solver == Solver::kGradient && gradient.noise > 0)
    fail<ConfigError>("planner: converged is not for solver gradient with gradient.noise, which does not settle");
  const bool sampling = solver != Solver::kGradient && solver != Solver::kLagrangian;
  if ((search.most_effort > 0 || search.most_change > 0) && !sampling)
    fail<ConfigError>(
        "planner: most_effort and most_change are for searches by sampling, got solver {}; solver lagrangian has "
        "lagrangian.most_effort and lagrangian.most_change",
        name_of(solver));
  if (search.knots > 0 && solver == Solver::kCategoricalCem)
    fail<ConfigError>("planner: knots are not for solver categorical_cem, whose actions are 0 or 1");
  if (gradient.noise > 0 && (solver == Solver::kLagrangian || solver == Solver::kMemetic))
    fail<ConfigError>("planner: gradient.noise is for solver gradient, got {}", name_of(solver));
  for (const int64_t tier : cem.tiers)
    if (tier < search.elites || tier > search.samples)
      fail<ConfigError>("planner: cem.tiers: expected numbers between elites and samples, {} to {}, got {}",
                        search.elites, search.samples, tier);
}

SearchConfig PlannerConfig::draws() const {
  if (solver == Solver::kGradient) return gradient_draws(search, gradient);
  SearchConfig draws = search;
  if (solver == Solver::kLagrangian) draws.iterations = 1;
  return draws;
}

std::string_view name_of(Solver solver) { return foresee::name_of(kSolvers, solver); }

void describe(Fields& f, PlannerConfig& c) {
  f.choice("solver", c.solver, kSolvers, "how plans are searched");
  describe(f, c.search);
  f("cem", c.cem, "solver cem");
  f("icem", c.icem, "solver icem");
  f("mppi", c.mppi, "solver mppi");
  f("categorical", c.categorical, "solver categorical_cem");
  f("gradient", c.gradient, "solver gradient, and the descent of lagrangian and memetic");
  f("lagrangian", c.lagrangian, "solver lagrangian");
  f("memetic", c.memetic, "solver memetic");
}

Planner make_planner(const PlannerConfig& config) {
  return bind(config, [](const SearchRequest& request) { return box_space(request.low, request.high, request.ball); });
}

Planner make_planner(const PlannerConfig& config, const ActionSpace& space) {
  return bind(config, [space](const SearchRequest&) { return space; });
}

Planner make_planner(const SearchConfig& search, const ArmCemConfig& arm, const ActionSpec& limits) {
  return [search, options = arm_options(arm), space = arm_space(arm, limits)](
             const CostFn& cost, const SearchRequest& request) { return cem(cost, request, search, options, space); };
}

}  // namespace foresee::planner
