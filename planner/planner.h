#pragma once

#include <functional>
#include <string>

#include "planner/arm_space.h"
#include "planner/categorical.h"
#include "planner/cem.h"
#include "planner/gradient.h"
#include "planner/lagrangian.h"
#include "planner/memetic.h"
#include "planner/mppi.h"
#include "planner/noise.h"
#include "planner/search.h"

namespace foresee::planner {

/// A search with its settings bound: finds plans for the B problems of a request.
using Planner = std::function<Plan(const CostFn& cost, const SearchRequest& request)>;

/// How a plan is searched; each is described beside its function (planner/cem.h and its neighbours).
enum class Solver { kCem, kIcem, kMppi, kPredictiveSampling, kCategoricalCem, kGradient, kLagrangian, kMemetic };
/// By its name in configs: cem, icem, mppi, predictive_sampling, categorical_cem, gradient, lagrangian,
/// memetic. @throws ConfigError with the nearest known name.
Solver solver_of(const std::string& name);
std::string_view name_of(Solver solver);

/// Which search, and its settings. Each solver uses the part of its own name; lagrangian
/// and memetic use that of gradient, too.
struct PlannerConfig {
  Solver solver = Solver::kCem;
  SearchConfig search;
  CemConfig cem;
  IcemConfig icem;
  MppiConfig mppi;
  CategoricalConfig categorical;
  GradientConfig gradient;
  LagrangianConfig lagrangian;
  MemeticConfig memetic;

  /// @throws ConfigError for a search that cannot be, or that is to converge and whose solver does not.
  void validate() const;
  /// The search whose draws draw_noise() makes.
  SearchConfig draws() const;
};
void describe(Fields& fields, PlannerConfig& config);

/// The search that `config.solver` says. It searches whole blocks within the request's bounds.
Planner make_planner(const PlannerConfig& config);
/// The same in a space of one's own; the request's bounds are not used.
Planner make_planner(const PlannerConfig& config, const ActionSpace& space);

/// V-JEPA 2-AC's search for an arm, cem() with arm_options() in arm_space(). Its requests have init float [B, h, 4] and
/// noise [iterations, B, K, H, 4]; costs and plans see actions [7] in the environment's units. `search.init_std` is not
/// used. @param limits  low and high of the model's actions.
Planner make_planner(const SearchConfig& search, const ArmCemConfig& arm,
                     const ActionSpec& limits = {.size = kArmAction});

}  // namespace foresee::planner
