
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/planner.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

using planner::Iteration, planner::Plan, planner::SearchRequest;

/// The cost that the solver traces were recorded on: a point mass that is to reach a goal past an obstacle.
///   v_t = 0.8 v_{t-1} + 0.3 u_t,  p_t = p_{t-1} + v_t,
///   cost = |p_T - goal|^2 + 0.02 sum |u_t|^2 + 0.5 sum exp(-|p_t - obstacle|^2 / 0.5)
struct PointMass {
  Tensor start, goal, obstacle;  // float [B, 2]

  Tensor operator()(const Tensor& actions, const Tensor& rows) const {
    const int64_t problems = actions.size(0), candidates = actions.size(1);
    const Tensor u = actions.reshape({problems, candidates, -1, 2});
    const auto of_rows = [&](const Tensor& all) { return all.index_select(0, rows).unsqueeze(1); };  // [B, 1, 2]
    const Tensor target = of_rows(goal), blocked = of_rows(obstacle);
    Tensor p = of_rows(start).expand({problems, candidates, 2}), v = at::zeros_like(p);
    Tensor cost = 0.02 * u.square().sum({2, 3});
    for (int64_t t = 0; t < u.size(2); ++t) {
      v = 0.8 * v + 0.3 * u.select(2, t);
      p = p + v;
      cost = cost + 0.5 * at::exp(-(p - blocked).square().sum(-1) / 0.5);
    }
    return cost + (p - target).square().sum(-1);
  }
};

/// Our settings from upstream's names for them.
planner::PlannerConfig solver_config(const nlohmann::json& config) {
  planner::PlannerConfig c;
  const std::string name = config.at("solver");
  c.solver = planner::solver_of(name == "gd" ? "gradient" : name);
  c.search.horizon = config.at("horizon");
  c.search.samples = config.at("num_samples");
  c.search.iterations = config.value("n_steps", int64_t{1});
  c.search.elites = c.search.samples;  // topk null: every sample
  if (config.contains("topk") && !config["topk"].is_null()) c.search.elites = config["topk"];
  c.search.init_std = config.value("noise_scale", config.value("var_scale", 1.0));
  c.icem.noise_beta = config.value("noise_beta", c.icem.noise_beta);
  c.icem.momentum = config.value("alpha", c.icem.momentum);
  c.icem.keep = config.value("n_elite_keep", c.icem.keep);
  c.icem.return_mean = config.value("return_mean", c.icem.return_mean);
  c.mppi.temperature = config.value("temperature", c.mppi.temperature);
  c.categorical.categories = config.value("categories", c.categorical.categories);
  c.categorical.smoothing = config.value("smoothing", c.categorical.smoothing);
  c.categorical.momentum = config.value("alpha", c.categorical.momentum);
  if (config.contains("optimizer_cls")) {
    const std::string optimizer = config.at("optimizer_cls");
    c.gradient.optimizer = optimizer == "SGD"    ? planner::Descent::kSgd
                           : optimizer == "Adam" ? planner::Descent::kAdam
                                                 : planner::Descent::kAdamW;
    c.gradient.learning_rate = config.at("optimizer_kwargs").at("lr");
    c.gradient.noise = config.value("action_noise", 0.0);
    c.gradient.clip_norm = config.value("grad_clip", 0.0);
    c.gradient.judge_last = false;  // upstream 0.1.1
  }
  return c;
}

/// "iter.007.costs", "noise.007".
std::string numbered(const char* prefix, int64_t number, const char* suffix = "") {
  return fmt::format("{}.{:03d}{}", prefix, number, suffix);
}

/// The recorded draws of the problems [first, first + count), the iterations `recorded` on.
Tensor noise_of(const Case& c, const planner::PlannerConfig& settings, int64_t first, int64_t count, int64_t recorded) {
  std::vector<Tensor> noise;
  const bool gradient = settings.solver == planner::Solver::kGradient;
  if (gradient) {  // of all problems, all starts but the first, which has none
    const Tensor starts = c.io(numbered("noise", 0)).slice(0, first, first + count);
    noise.push_back(at::cat({at::zeros_like(starts.slice(1, 0, 1)), starts}, 1));
  }
  for (int64_t i = gradient ? 1 : 0; i < settings.draws().iterations; ++i)
    noise.push_back(c.io(numbered("noise", recorded + i)));
  const Tensor all = at::stack(noise);
  if (settings.solver == planner::Solver::kIcem) return all.transpose(3, 4);  // stored as (slice, samples, D, H)
  return settings.solver == planner::Solver::kCategoricalCem ? all.flatten(-2) : all;
}

}  // namespace

void verify_solver_trace(Case& c) {
  const auto& config = c.json().at("config");
  const planner::PlannerConfig settings = solver_config(config);
  const bool gradient = settings.solver == planner::Solver::kGradient,
             categorical = settings.solver == planner::Solver::kCategoricalCem;
  planner::Planner solve = planner::make_planner(settings);
  if (categorical)  // from uniform draws
    solve = [&](const planner::CostFn& cost, const SearchRequest& request) {
      return planner::categorical_cem(cost, request, settings.search, settings.categorical);
    };
  const PointMass mass{c.io("p0"), c.io("goal"), c.io("obstacle")};
  const int64_t categories = settings.categorical.categories;
  planner::CostFn cost = mass;
  if (categorical)  // u_t is the table's row of the category
    cost = [mass, table = c.io("table"), categories](const Tensor& actions, const Tensor& rows) {
      return mass(at::matmul(actions.unflatten(-1, {-1, categories}), table).flatten(-2), rows);
    };
  const int64_t problems = config.at("n_envs"), slice = config.value("batch_size", gradient ? problems : int64_t{1});
  const int64_t block =
      config.at("action_block").get<int64_t>() * (categorical ? categories : config.at("action_dim").get<int64_t>());
  const auto bounds = config.at("bounds").get<std::vector<double>>();

  std::vector<Tensor> actions, stds, costs, means, history;
  int64_t recorded = 0;  // iterations run through slice 0, then slice 1, ...
  for (int64_t first = 0; first < problems; first += slice) {
    const int64_t count = std::min(slice, problems - first);
    SearchRequest request;
    request.rows = at::arange(first, first + count, at::kLong);
    request.init = c.has("io.safetensors:init_action") ? c.io("init_action").slice(0, first, first + count)
                                                       : at::zeros({count, 0, block});
    request.noise = noise_of(c, settings, first, count, recorded);
    if (settings.solver == planner::Solver::kIcem) {  // the only one of upstream's that keeps to bounds
      request.low = at::full({block}, bounds.at(0));
      request.high = at::full({block}, bounds.at(1));
    }
    Iteration last;
    std::vector<Tensor> sums;
    request.trace = [&](int64_t iteration, const Iteration& done) {
      const auto expect = [&](const char* name, const Tensor& value) {
        c.expect_io(numbered("iter", recorded + iteration, name), value);
      };
      expect(".candidates", done.candidates);
      expect(".costs", done.costs);
      expect(".topk_vals", done.elite_costs);
      expect(".topk_inds", done.elite_index);
      expect(".mean", done.mean);
      expect(".std", done.std);
      expect(".params", done.candidates);
      if (categorical) expect(".probs", done.mean.unflatten(-1, {-1, categories}));
      sums.push_back(done.costs.sum());
      last = done;
    };
    const Plan plan = solve(cost, request);
    recorded += settings.search.iterations;
    actions.push_back(plan.blocks);
    costs.push_back(plan.elite_cost);
    stds.push_back(last.std);
    means.push_back(last.mean);
    history.push_back(at::stack(sums));
  }
  const Tensor found = at::cat(actions);
  c.expect_io("actions", categorical ? found.unflatten(-1, {-1, categories}).argmax(-1) : found);
  if (categorical) c.expect_io("final_probs", at::cat(means).unflatten(-1, {-1, categories}));
  if (gradient) c.expect_io("cost_history", at::stack(history));
  c.expect_io("reported_costs", at::cat(costs));
  c.expect_io("final_mean", found);  // upstream calls the plan so, even where it is the best elite
  c.expect_io("final_std", at::cat(stds));
}

}  // namespace foresee::parity
