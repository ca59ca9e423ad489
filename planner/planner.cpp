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
  if (search.converged > 0 && solver != Solver::kCem && solver != Solver::kIcem)
    fail<ConfigError>("planner: converged is for solvers cem and icem, got {}", name_of(solver));
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
  return bind(config, [](const SearchRequest& request) { return box_space(request.low, request.high); });
}

Planner make_planner(const PlannerConfig& config, const ActionSpace& space) {
  return bind(config, [space](const SearchRequest&) { return space; });
}

Planner make_planner(const SearchConfig& search, const ArmCemConfig& arm, const ActionSpec& limits) {
  return [search, options = arm_options(arm), space = arm_space(arm, limits)](
             const CostFn& cost, const SearchRequest& request) { return cem(cost, request, search, options, space); };
}

}  // namespace foresee::planner
