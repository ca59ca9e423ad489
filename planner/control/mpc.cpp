#include "planner/control/mpc.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
void MpcConfig::validate() const {
  planner.validate();
  if (receding > planner.search.horizon)
    fail<ConfigError>("planner: expected receding <= horizon, got {} > {}", receding, planner.search.horizon);
}

void describe(Fields& f, MpcConfig& c) {
  describe(f, c.planner);
  f("ball", c.ball, "the largest size of an action, for all of its numbers together");
  f("receding", c.receding, "action blocks that are executed before the next plan", {1, 10000});
  f("warm_start", c.warm_start, "begin a search with the blocks that the last plan had left");
}

namespace {

/// Of actions that are no arm's, none: the constructor refuses those.
ActionSpec arm_limits(const ActionSpec& actions) {
  return actions.size == kArmAction ? actions : ActionSpec{.size = kArmAction};
}

}  // namespace

Mpc::Mpc(const MpcConfig& config, const ActionSpec& actions, uint64_t seed, int64_t count, int64_t first,
         const std::optional<ArmCemConfig>& arm)
    : config_(config),
      arm_(arm),
      actions_(actions),
      ball_(action_ball(config.ball, actions)),
      seed_(seed),
      first_(first),
      problems_(static_cast<size_t>(count)) {
  config.validate();
  actions.validate();
  if (config.planner.solver == Solver::kCategoricalCem && !(actions.mean.empty() && actions.std.empty()))
    fail<ConfigError>(
        "planner: categorical_cem searches actions that are 0 or 1, and the model's are normalised by mean and std; "
        "train it with actions=none");
  if (ball_ && (arm || config.planner.solver == Solver::kCategoricalCem))
    fail<ConfigError>("planner: ball.norm is not for {}", arm ? "an arm's search" : "solver categorical_cem");
  if (arm && config.planner.search.knots > 0) fail<ConfigError>("planner: knots are not for an arm's search");
  planner_for(config.planner.search);  // which throws for a search that cannot be
  if (!arm) return;
  if (actions.size != kArmAction || actions.block != 1)
    fail<ConfigError>("the arm's search plans single actions of {} numbers, the model takes blocks of {} of {}",
                      kArmAction, actions.block, actions.size);
  if (config.planner.solver != Solver::kCem)
    fail<ConfigError>("planner: an arm's plans are searched by solver cem, got '{}'", name_of(config.planner.solver));
}

Planner Mpc::planner_for(const SearchConfig& search) const {
  if (arm_) return make_planner(search, *arm_, arm_limits(actions_));
  PlannerConfig config = config_.planner;
  config.search = search;
  return make_planner(config);
}

/// An arm's blocks are in the environment's units already.
Tensor Mpc::to_environment(const Tensor& blocks) const { return arm_ ? blocks : actions_.to_environment(blocks); }

SearchStart Mpc::begin(std::span<const int64_t> problems) {
  const auto count = static_cast<int64_t>(problems.size());
  const int64_t kept = config_.warm_start && !arm_ ? config_.planner.search.horizon - config_.receding : 0;
  SearchStart start{.ids = {}, .init = at::zeros({count, kept, actions_.block_size()}, at::kFloat)};
  for (int64_t row = 0; row < count; ++row) {
    Problem& problem = get(problems[static_cast<size_t>(row)]);
    start.ids.push_back({first_ + problems[static_cast<size_t>(row)], problem.plans++});
    if (kept > 0 && problem.left_over.defined())
      start.init[row].slice(0, 0, problem.left_over.size(0)).copy_(problem.left_over);
  }
  return start;
}

Plan Mpc::search(const SearchStart& start, const CostFn& cost, at::Device device, const Tensor& initial,
                 const SearchControl& control) const {
  PlannerConfig config = config_.planner;
  if (control.samples > 0 && control.samples < config.search.samples) {
    const double share = static_cast<double>(control.samples) / static_cast<double>(config.search.samples);
    config.search.elites = std::max<int64_t>(2, std::llround(static_cast<double>(config.search.elites) * share));
    config.search.samples = std::max(control.samples, config.search.elites);
    for (int64_t& tier : config.cem.tiers)
      tier = std::clamp(std::llround(static_cast<double>(tier) * share), static_cast<long long>(config.search.elites),
                        static_cast<long long>(config.search.samples));
  }
  const Planner planner = planner_for(config.search);
  SearchRequest request;
  request.go_on = control.go_on;
  request.trace = control.trace;
  request.init = (initial.defined() ? initial : start.init).to(device);
  if (arm_) {
    request.init = at::zeros({request.init.size(0), 0, kArmSearched}, request.init.options());
    request.noise = draw_noise(seed_, start.ids, config.search, kArmSearched);
    return planner([&](const Tensor& actions, const Tensor& rows) { return cost(actions_.normalise(actions), rows); },
                   request);
  }
  request.noise = draw_noise(seed_, start.ids, config.draws(), actions_.block_size());
  std::tie(request.low, request.high) = normalised_bounds(actions_);
  request.ball = ball_;
  return planner(cost, request);
}

void Mpc::take(std::span<const int64_t> problems, const Plan& plan) {
  const Tensor blocks = plan.blocks.cpu();
  fill_queues(problems, to_environment(blocks.slice(1, 0, config_.receding)));
  for (size_t row = 0; row < problems.size(); ++row)
    get(problems[row]).left_over = blocks[static_cast<int64_t>(row)].slice(0, config_.receding).clone();
}

Plan Mpc::plan(std::span<const int64_t> problems, const CostFn& cost, at::Device device, const Tensor& initial) {
  Plan plan = search(begin(problems), cost, device, initial);
  take(problems, plan);
  return plan;
}

void Mpc::fall_back(int64_t problem, const std::vector<double>& safe) {
  Tensor& left = get(problem).left_over;
  Tensor steps = torch::tensor(safe, at::kDouble).expand({1, actions_.block, actions_.size});
  if (left.defined() && left.size(0) > 0) {
    steps = to_environment(left.slice(0, 0, 1).unsqueeze(0));
    left = left.slice(0, 1).clone();
  }
  fill_queues({&problem, 1}, steps);
}

void Mpc::follow(std::span<const int64_t> problems, const Tensor& blocks) {
  FORESEE_CHECK(blocks.dim() == 3 && blocks.size(0) == static_cast<int64_t>(problems.size()) &&
                    blocks.size(2) == actions_.block_size(),
                "expected blocks [{}, H, {}], got {}", problems.size(), actions_.block_size(),
                foresee::describe(blocks));
  if (!at::isfinite(blocks).all().item<bool>()) fail<NotFinite>("the proposed plan is not of finite numbers");
  fill_queues(problems, actions_.to_environment(blocks.cpu()));
}

/// @param actions  float [problems, steps, size], the environment's units, on the CPU.
void Mpc::fill_queues(std::span<const int64_t> problems, const Tensor& actions) {
  const Tensor steps = actions.to(at::kDouble).contiguous();
  for (size_t row = 0; row < problems.size(); ++row) {
    auto& queue = get(problems[row]).queue;
    queue.clear();
    const double* action = steps[static_cast<int64_t>(row)].const_data_ptr<double>();
    for (int64_t step = 0; step < steps.size(1); ++step, action += actions_.size)
      queue.emplace_back(action, action + actions_.size);
  }
}

std::vector<ControlAction> Mpc::act(std::span<const int64_t> problems,
                                    const std::function<void(std::span<const int64_t> due)>& search) {
  std::vector<int64_t> due;
  std::copy_if(problems.begin(), problems.end(), std::back_inserter(due), [&](int64_t p) { return this->due(p); });
  const auto begin = std::chrono::steady_clock::now();
  if (!due.empty()) search(due);
  const double elapsed_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  std::vector<ControlAction> actions;
  for (const int64_t problem : problems) {
    ControlAction& action = actions.emplace_back(ControlAction{.action = next_action(problem)});
    if (!std::binary_search(due.begin(), due.end(), problem)) continue;
    action.source = ActionSource::kSearch;
    action.planning_ms = elapsed_ms / static_cast<double>(due.size());
  }
  return actions;
}

std::vector<double> Mpc::next_action(int64_t problem) {
  auto& queue = get(problem).queue;
  FORESEE_CHECK(!queue.empty(), "problem {} has no action left: plan first", problem);
  std::vector<double> action = std::move(queue.front());
  queue.pop_front();
  return action;
}

Tensor Mpc::queued(int64_t problem) const {
  const auto& queue = get(problem).queue;
  Tensor actions = at::empty({static_cast<int64_t>(queue.size()), actions_.size}, at::kDouble);
  for (size_t i = 0; i < queue.size(); ++i)
    actions[static_cast<int64_t>(i)].copy_(torch::tensor(queue[i], at::kDouble));
  return actions;
}

void Mpc::shorten(int64_t problem, int64_t count) {
  Problem& p = get(problem);
  while (static_cast<int64_t>(p.queue.size()) > count) p.queue.pop_back();
  p.left_over = Tensor();
}

void Mpc::reset(int64_t problem) {
  Problem& fresh = get(problem);
  fresh.queue.clear();
  fresh.left_over = Tensor();
}

}  // namespace foresee::planner
