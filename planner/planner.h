#pragma once

#include <functional>
#include <string>

#include "planner/icem.h"
#include "planner/mppi.h"
#include "planner/search.h"

namespace foresee::planner {

/// A search with its settings bound: finds plans for the B problems of a request.
using Planner = std::function<Plan(const CostFn& cost, const SearchRequest& request)>;

/// Which search, and its settings. `icem` and `mppi` matter to their own solver only.
struct PlannerConfig {
  std::string solver = "cem";
  SearchConfig search;
  IcemConfig icem;
  MppiConfig mppi;

  void validate() const { search.validate(); }
};
void describe(Fields& fields, PlannerConfig& config);

/// The search that `config.solver` names: cem, icem, mppi, predictive_sampling.
/// @throws ConfigError on another name, with the nearest known one.
Planner make_planner(const PlannerConfig& config);

}  // namespace foresee::planner
